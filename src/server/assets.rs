//! Style sheets, scripts and pictures: part of the program, served under the hash of their content.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, LazyLock};

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use sha2::{Digest, Sha256};

use crate::core::timetable::print::{MOST_COLUMNS, TYPE_SIZES};
use crate::server::Error;
use crate::server::compression::{self, CompressibleText};

/// Every style sheet in the order of the cascade; the order of layers is fixed in `layers.css`.
const STYLES: &[&str] = &[
    include_str!("assets/layers.css"),
    include_str!("assets/tokens.css"),
    include_str!("assets/base.css"),
    include_str!("assets/layout.css"),
    include_str!("assets/navigation.css"),
    include_str!("assets/button.css"),
    include_str!("assets/field.css"),
    include_str!("assets/error-summary.css"),
    include_str!("assets/banner.css"),
    include_str!("assets/table.css"),
    include_str!("assets/tag.css"),
    include_str!("assets/card.css"),
    include_str!("assets/facts.css"),
    include_str!("assets/factor.css"),
    include_str!("assets/marks.css"),
    include_str!("assets/offers.css"),
    include_str!("assets/timetable.css"),
    include_str!("assets/roster.css"),
    include_str!("assets/sheet.css"),
    include_str!("assets/notice.css"),
    include_str!("assets/live.css"),
    include_str!("assets/overview.css"),
    include_str!("assets/paper.css"),
    include_str!("assets/chapter.css"),
    include_str!("assets/utilities.css"),
    include_str!("assets/print.css"),
];

/// Files served as they are.
const FILES: &[(&str, &[u8])] = &[("iikura.svg", include_bytes!("assets/iikura.svg"))];

/// Scripts, each after those it imports: an import is rewritten to the address of the file it names.
const SCRIPTS: &[(&str, &str)] = &[
    ("ask.js", include_str!("assets/ask.js")),
    ("news.js", include_str!("assets/news.js")),
    ("refresh.js", include_str!("assets/refresh.js")),
    ("live.js", include_str!("assets/live.js")),
    ("sheet.js", include_str!("assets/sheet.js")),
    ("board.js", include_str!("assets/board.js")),
    ("booking.js", include_str!("assets/booking.js")),
    ("move.js", include_str!("assets/move.js")),
    ("drag.js", include_str!("assets/drag.js")),
    ("keys.js", include_str!("assets/keys.js")),
    ("now.js", include_str!("assets/now.js")),
    ("timetable.js", include_str!("assets/timetable.js")),
];

/// Rows of five minutes on the timetable's grid: a whole day.
const GRID_ROWS: u32 = 288;
/// Rows of the longest turnaround: four hours.
const TURNAROUND_ROWS: u32 = 48;
/// Columns on the timetable's grid.
const GRID_COLUMNS: u32 = 64;

struct Asset {
    name: String,
    url: String,
    mime: &'static str,
    bytes: Arc<CompressibleText>,
}

static ASSETS: LazyLock<Vec<Asset>> = LazyLock::new(|| {
    let made = [
        ("app.css", STYLES.concat().into_bytes()),
        ("grid.css", grid_css().into_bytes()),
    ];
    let made = made.into_iter().chain([(
        "agenda.css",
        crate::documents::html::STYLESHEET.as_bytes().to_vec(),
    )]);
    let files = FILES.iter().map(|(name, bytes)| (*name, bytes.to_vec()));
    let mut assets: Vec<Asset> = made
        .chain(files)
        .map(|(name, bytes)| Asset::new(name, bytes))
        .collect();
    for (name, source) in SCRIPTS {
        let script = assets.iter().fold((*source).to_owned(), |source, known| {
            source.replace(
                &format!("\"./{}\"", known.name),
                &format!("\"{}\"", known.url),
            )
        });
        assets.push(Asset::new(name, script.into_bytes()));
    }
    assets
});

/// Positions in [`ASSETS`] by file name with hash.
static BY_FILE: LazyLock<HashMap<&'static str, &'static Asset>> = LazyLock::new(|| {
    ASSETS
        .iter()
        .filter_map(|asset| Some((asset.url.rsplit_once('/')?.1, asset)))
        .collect()
});

impl Asset {
    fn new(name: &str, bytes: Vec<u8>) -> Self {
        let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
        let hash = Sha256::digest(&bytes)
            .iter()
            .take(8)
            .fold(String::new(), |mut hex, byte| {
                let _ = write!(hex, "{byte:02x}");
                hex
            });
        Self {
            name: name.to_owned(),
            url: format!("/assets/{stem}-{hash}.{extension}"),
            mime: match extension {
                "css" => "text/css; charset=utf-8",
                "js" => "text/javascript; charset=utf-8",
                "svg" => "image/svg+xml",
                _ => "application/octet-stream",
            },
            bytes: Arc::new(CompressibleText::new(bytes)),
        }
    }
}

/// The address of an embedded file; of one that does not exist, an address that answers 404.
#[must_use]
pub fn asset(name: &str) -> &'static str {
    ASSETS
        .iter()
        .find(|asset| asset.name == name)
        .map_or("/assets/missing", |asset| &asset.url)
}

/// Serves `/assets/{file}`: the address changes with the content, so it may be cached for ever.
///
/// # Errors
/// When no file of ours has that name and content.
pub async fn show(file: web::Path<String>) -> Result<HttpResponse, Error> {
    let asset = BY_FILE.get(file.as_str()).ok_or(Error::NotFound)?;
    let answer = HttpResponse::Ok()
        .content_type(asset.mime)
        .insert_header((header::CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .finish();
    Ok(compression::shared(answer, &asset.bytes))
}

/// Classes that place an element on the timetable's grid, because the policy allows no inline style: `.row-N` begins N
/// rows below the head row, `.span-N` is N rows high, `.col-N` is in column N, and a day of N rows has `.rows-N`.
/// `.turnaround-N` hatches its first N rows.
fn grid_css() -> String {
    let mut css = String::from("@layer utilities{");
    for row in 0..=GRID_ROWS {
        let _ = write!(css, ".row-{row}{{grid-row-start:{}}}", row + 2);
    }
    for rows in 1..=GRID_ROWS {
        let _ = write!(css, ".span-{rows}{{grid-row-end:span {rows}}}");
    }
    for rows in 1..=GRID_ROWS {
        let _ = write!(css, ".rows-{rows}{{--rows:{rows}}}");
    }
    for rows in 1..=TURNAROUND_ROWS {
        let _ = write!(css, ".turnaround-{rows}{{--turnaround:{rows}}}");
    }
    for column in 1..=GRID_COLUMNS {
        let _ = write!(css, ".col-{column}{{grid-column:{column}}}");
    }
    // On paper: columns beside each other, and the size of type in tenths of a point.
    for columns in 1..=MOST_COLUMNS {
        let _ = write!(css, ".columns-{columns}{{--columns:{columns}}}");
    }
    css.push_str("@media print{");
    for size in TYPE_SIZES {
        let _ = write!(css, ".type-{size}{{font-size:calc({size}pt/10)}}");
    }
    css.push_str("}}");
    css
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_changes_with_the_content() {
        let (one, other) = (
            Asset::new("a.css", b"1".to_vec()),
            Asset::new("a.css", b"2".to_vec()),
        );
        assert_ne!(one.url, other.url);
        assert!(asset("app.css").starts_with("/assets/app-"));
        assert!(BY_FILE.contains_key(asset("app.css").trim_start_matches("/assets/")));
    }

    #[test]
    fn every_import_of_a_script_is_an_address_of_ours() {
        let mut imports = 0;
        for script in ASSETS
            .iter()
            .filter(|asset| asset.mime.contains("javascript"))
        {
            let source = String::from_utf8_lossy(script.bytes.plain());
            for line in source.lines().filter(|line| line.starts_with("import ")) {
                let address = line.split('"').nth(1).unwrap();
                assert!(
                    BY_FILE.contains_key(address.trim_start_matches("/assets/")),
                    "{}: {line}",
                    script.name
                );
                imports += 1;
            }
        }
        assert!(imports > 10);
    }

    #[test]
    fn no_style_reaches_outside() {
        for asset in ASSETS
            .iter()
            .filter(|asset| asset.mime.starts_with("text/css"))
        {
            let css = String::from_utf8(asset.bytes.plain().to_vec()).unwrap();
            assert!(
                !css.contains("http") && !css.contains("@import"),
                "{}",
                asset.name
            );
            assert_eq!(
                css.matches('{').count(),
                css.matches('}').count(),
                "{}",
                asset.name
            );
        }
    }
}
