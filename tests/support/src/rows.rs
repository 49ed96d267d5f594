//! Everything that stands in a database, as text that is the same on both, by a road of its own: the database lists its
//! tables and columns, and makes text of the values.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_types::Text;
use iikura::db::{Db, DbError};

/// The rows of each table, sorted.
pub type Rows = BTreeMap<String, Vec<String>>;

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    kind: String,
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

const SQLITE: &str = r"
    SELECT t.name AS table_name, c.name, c.type AS kind FROM sqlite_schema t JOIN pragma_table_info(t.name) c
    WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY t.name, c.name";

const POSTGRES: &str = "
    SELECT table_name::text, column_name::text AS name, data_type::text AS kind FROM information_schema.columns
    WHERE table_schema = 'public' ORDER BY table_name COLLATE \"C\", column_name COLLATE \"C\"";

/// Reads every row of every table, but for what the migrations note of themselves.
pub fn rows(db: &Db) -> Rows {
    db.read_here(|conn| {
        let columns: Vec<Column> =
            diesel::sql_query(if conn.is_postgres() { POSTGRES } else { SQLITE }).load(conn)?;
        let mut tables: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for column in columns {
            let name = &column.name;
            let text = match column.kind.as_str() {
                "BLOB" => format!("lower(hex({name}))"),
                "bytea" => format!("encode({name}, 'hex')"),
                "boolean" => format!("CASE WHEN {name} THEN '1' ELSE '0' END"),
                _ => format!("CAST({name} AS TEXT)"),
            };
            let part =
                format!("'{name}' || CASE WHEN {name} IS NULL THEN '-' ELSE '=' || {text} END");
            tables.entry(column.table_name).or_default().push(part);
        }
        tables.remove("__diesel_schema_migrations");
        let mut rows = Rows::new();
        for (table, parts) in tables {
            let parts = parts.join(" || chr(10) || ");
            let parts = if conn.is_postgres() {
                parts
            } else {
                parts.replace("chr(", "char(")
            };
            let lines: Vec<Line> =
                diesel::sql_query(format!("SELECT {parts} AS line FROM {table}")).load(conn)?;
            let mut lines: Vec<String> = lines.into_iter().map(|line| line.line).collect();
            lines.sort();
            rows.insert(table, lines);
        }
        Ok::<_, DbError>(rows)
    })
    .unwrap()
}

/// The tables that hold anything, with how much.
pub fn filled(rows: &Rows) -> BTreeMap<&str, usize> {
    rows.iter()
        .filter(|(_, rows)| !rows.is_empty())
        .map(|(table, rows)| (table.as_str(), rows.len()))
        .collect()
}
