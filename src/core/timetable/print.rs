//! How a day in columns is printed: as high as a page however long it is, and each slot in a size of type in which its
//! time and title are whole. The style sheet has no way to find that out, and pages work without scripts.

use super::{DayPlan, GridBlock, GridColumn, SlotView};

/// Columns beside each other on a page, at most: a title needs some width.
pub const MOST_COLUMNS: usize = 8;
/// Sizes of type in tenths of a point, the largest first.
pub const TYPE_SIZES: [u16; 7] = [70, 65, 60, 55, 50, 45, 40];

/// The smallest of them in which a slot is printed with its kind, delegations and marks, in tenths of a point.
const WITH_EASE: u16 = 55;

/// Millimetres on a sheet for the columns and for their rows, upright and across: what A4 and Letter both have within
/// margins of 15 mm, without the day's heading. `timetable.css` has the heights.
const SHEETS: [(f32, f32); 2] = [(170.0, 205.0), (245.0, 140.0)];
/// Millimetres of a slot's width that border and padding take.
const BESIDE: f32 = 3.0;
/// Millimetres of a point.
const POINT: f32 = 0.353;
/// What of a width is counted on: some words are wider than their signs are by estimate.
const CERTAIN: f32 = 0.93;
/// Height of a line, in sizes of type.
const LINE: f32 = 1.15;

/// How the columns of a day are put on pages.
#[derive(Debug, Clone, Copy)]
pub struct PrintPlan {
    /// Columns beside each other on a page.
    pub columns: usize,
    rows: i32,
}

impl PrintPlan {
    /// As many pages as are needed, as equally full as can be.
    #[must_use]
    pub fn of(plan: &DayPlan) -> Self {
        let all = plan.columns.len().max(1);
        let pages = all.div_ceil(MOST_COLUMNS);
        Self {
            columns: all.div_ceil(pages),
            rows: plan.rows.max(1),
        }
    }

    /// True of the column that is the first of a page other than the first.
    #[must_use]
    pub const fn begins_page(&self, column: &GridColumn) -> bool {
        // Columns are counted from 2.
        column.place > 2 && (column.place - 2).is_multiple_of(self.columns)
    }

    /// How a slot is set: all of it where that can be read with ease; else time, state and title alone, in the largest
    /// type in which they fit, upright and across.
    #[must_use]
    pub fn setting(&self, block: &GridBlock, slot: &SlotView) -> PrintSetting {
        let brief = [&*slot.time, slot.state_label, &*slot.title, "⚠"].join(" ");
        let whole = [&*brief, &*slot.kind_label, "·", &*slot.codes].join(" ");
        let marks = slot.rule_marks().into_iter().map(|mark| {
            let (level, rule) = (mark.first.level_label, mark.first.rule);
            format!("{level}: {rule}{}", mark.times())
        });
        let whole: Vec<String> = std::iter::once(whole).chain(marks).collect();
        let size_of = |paragraphs: &[String]| {
            TYPE_SIZES
                .into_iter()
                .find(|size| self.fits(*size, block, &slot.lane, paragraphs))
        };
        let [.., smallest] = TYPE_SIZES;
        match size_of(&whole) {
            Some(size) if size >= WITH_EASE => PrintSetting {
                size,
                is_brief: false,
            },
            _ => PrintSetting {
                size: size_of(&[brief]).unwrap_or(smallest),
                is_brief: true,
            },
        }
    }

    fn fits(&self, size: u16, block: &GridBlock, lane: &str, paragraphs: &[String]) -> bool {
        let lanes = lane.rsplit('-').next().and_then(|lanes| lanes.parse().ok());
        let lanes = f32::from(lanes.unwrap_or(1_u16));
        let em = f32::from(size) / 10.0 * POINT;
        SHEETS.iter().all(|(width, height)| {
            let width = width / to_float(self.columns) / lanes - BESIDE;
            let height = height * to_float(block.span) / to_float(self.rows);
            let taken: f32 = paragraphs
                .iter()
                .map(|words| to_float(lines(words, width * CERTAIN / em)) * em * LINE)
                .sum();
            taken <= height
        })
    }
}

/// How a slot is set on paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PrintSetting {
    /// The size of its type, in tenths of a point.
    pub size: u16,
    /// True when only time, state and title are printed.
    pub is_brief: bool,
}

/// Lines that words take which are broken at spaces, of a width in sizes of type.
fn lines(words: &str, width: f32) -> u16 {
    let (mut lines, mut used) = (1_u16, 0.0_f32);
    for word in words.split(' ') {
        let wide: f32 = word.chars().map(width_of).sum();
        if used > 0.0 && used + width_of(' ') + wide > width {
            lines = lines.saturating_add(1);
            used = 0.0;
        }
        used += if used > 0.0 {
            width_of(' ') + wide
        } else {
            wide
        };
        while used > width && width > 1.0 {
            lines = lines.saturating_add(1);
            used -= width;
        }
    }
    lines
}

/// About how wide a sign is in bold type: Chinese and Japanese ones are square.
const fn width_of(sign: char) -> f32 {
    match sign {
        ' ' => 0.28,
        '\u{1100}'..='\u{11FF}'
        | '\u{2E80}'..='\u{D7A3}'
        | '\u{F900}'..='\u{FAFF}'
        | '\u{FF00}'..='\u{FF60}'
        | '\u{20000}'.. => 1.0,
        'A'..='Z' | 'm' | 'w' => 0.72,
        'i' | 'j' | 'l' | 't' | 'f' | 'r' | '.' | ',' | ':' | '\'' | '’' | '-' => 0.36,
        _ => 0.58,
    }
}

fn to_float(number: impl TryInto<u16>) -> f32 {
    f32::from(number.try_into().unwrap_or(u16::MAX))
}

#[cfg(test)]
mod tests {
    use super::super::{BlockContent, slot_view};
    use super::*;
    use crate::core::by_slot::BySlot;
    use crate::core::sample;

    fn plan(columns: usize, rows: i32) -> DayPlan {
        let column = |place| GridColumn {
            place,
            booking_query: String::new(),
            room: None,
            day_path: String::new(),
            heading: String::new(),
            detail: String::new(),
            blocks: Vec::new(),
        };
        DayPlan {
            start: sample::at("07:00"),
            hours: Vec::new(),
            rows,
            columns: (2..).take(columns).map(column).collect(),
        }
    }

    #[test]
    fn columns_are_shared_out_over_pages() {
        let pages = |columns| {
            let plan = plan(columns, 192);
            let print = PrintPlan::of(&plan);
            let drawn = plan.columns.iter().enumerate();
            let begins = drawn.filter(|(_, column)| print.begins_page(column));
            (print.columns, begins.map(|(at, _)| at).collect::<Vec<_>>())
        };
        assert_eq!(pages(6), (6, vec![]));
        assert_eq!(pages(8), (8, vec![]));
        assert_eq!(pages(10), (5, vec![5]));
        assert_eq!(pages(31), (8, vec![8, 16, 24]));
    }

    #[test]
    fn type_gets_smaller_until_the_title_is_whole() {
        let programme = sample::ninth_meeting();
        let slot = sample::slot_of(&programme, sample::KZ);
        let mut view = slot_view(&programme, &slot, &BySlot::default());
        let plan = PrintPlan::of(&plan(6, 156));
        let set = |rows, view: &SlotView| {
            let block = GridBlock {
                row: 0,
                span: rows,
                content: BlockContent::Closed,
            };
            plan.setting(&block, view)
        };
        let whole = PrintSetting {
            size: 70,
            is_brief: false,
        };
        assert_eq!(set(24, &view), whole, "two hours have room");
        let half_an_hour = set(6, &view);
        assert!((40..=70).contains(&half_an_hour.size), "{half_an_hour:?}");
        view.title = view.title.repeat(3);
        let long = set(6, &view);
        assert!(long.is_brief && long.size < 60, "{long:?}");
        view.title = "外".repeat(40);
        let alone = set(12, &view);
        view.lane = "1-of-3".to_owned();
        assert!(set(12, &view).size < alone.size, "a third of the width");
        let least = PrintSetting {
            size: 40,
            is_brief: true,
        };
        assert_eq!(set(1, &view), least);
    }
}
