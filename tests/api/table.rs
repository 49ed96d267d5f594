//! The routing table as the server itself has it, and the whole database as one text.

use std::fmt::Write as _;

use actix_web::web::{self, Data};
use actix_web::{HttpResponse, test};
use diesel::prelude::*;
use diesel::sql_types::Text;
use iikura::server::Error;
use serde_json::Value;

use support::meeting::Meeting;
use support::server::Server;

/// Every route with its methods, as actix knows them.
pub fn routes(meeting: &Meeting) -> Vec<(String, Vec<String>)> {
    let app = meeting.server.app.clone();
    let report = actix_web::rt::System::new().block_on(async move {
        let tell = |tree: Data<actix_web::introspection::IntrospectionTree>| async move {
            HttpResponse::Ok().body(tree.report_as_json())
        };
        let service = test::init_service(
            actix_web::App::new()
                .app_data(Data::new(app))
                .configure(iikura::routes::routes)
                .route("/the-table", web::get().to(tell)),
        );
        let asked = test::TestRequest::get().uri("/the-table").to_request();
        test::call_and_read_body(&service.await, asked).await
    });
    let report: Value = serde_json::from_slice(&report).unwrap();
    let routes = report.as_array().unwrap().iter().map(|item| {
        let methods = item["methods"].as_array().unwrap().iter();
        let methods = methods.map(|method| method.as_str().unwrap().to_owned());
        (
            item["full_path"].as_str().unwrap().to_owned(),
            methods.collect(),
        )
    });
    let routes = routes.filter(|(path, methods): &(String, Vec<String>)| {
        path != "/the-table" && !methods.is_empty()
    });
    routes.collect()
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

/// Answers `SELECT … AS line`.
pub fn lines(server: &Server, sql: &str) -> Vec<String> {
    let rows = server
        .db
        .read_here(|conn| Ok::<_, Error>(diesel::sql_query(sql).load::<Line>(conn)?));
    rows.unwrap().into_iter().map(|row| row.line).collect()
}

/// Every row of every table. On SQLite only.
pub fn everything(server: &Server) -> String {
    let tables = lines(
        server,
        "SELECT name AS line FROM sqlite_master WHERE type = 'table' ORDER BY name",
    );
    assert!(tables.len() > 20, "{tables:?}");
    let mut all = String::new();
    for table in tables {
        let columns = lines(
            server,
            &format!("SELECT name AS line FROM pragma_table_info('{table}')"),
        );
        let values = columns.iter().map(|column| format!("quote(\"{column}\")"));
        let values = values.collect::<Vec<_>>().join(" || ',' || ");
        let rows = lines(
            server,
            &format!("SELECT {values} AS line FROM \"{table}\" ORDER BY 1"),
        );
        for row in rows {
            writeln!(all, "{table}: {row}").unwrap();
        }
    }
    all
}
