//! One value of a row: as a database gives it, as the file has it, as a database takes it.

#[cfg(feature = "postgres")]
mod postgres;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::NaiveDate;
use diesel::deserialize::{self, QueryableByName};
use diesel::query_builder::{BoxedSqlQuery, SqlQuery};
use diesel::row::NamedRow;
use diesel::sql_types::{BigInt, Binary, Bool, Date, Integer, Nullable, Text};
use diesel::sqlite::{Sqlite, SqliteType};
use serde_json::Value;

use super::table::{ColumnKind, Table};
use super::values;
use crate::db::Conn;

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cell {
    Nothing,
    Number(i64),
    Text(String),
    Truth(bool),
    Day(NaiveDate),
    Bytes(Vec<u8>),
}

/// A row that says by itself what is in it, whatever its table.
pub(crate) struct Cells(pub Vec<Cell>);

impl Cells {
    /// What is wrong with a row that a database gave, whose columns may hold what is not of their kind.
    pub(super) fn stored_faults(self, table: &Table) -> Vec<String> {
        let mut misplaced = Vec::new();
        let cells = self.0.into_iter().zip(table.columns).map(|(cell, column)| {
            // Whole mails: not to be written out and read again.
            if matches!((&cell, column.kind), (Cell::Bytes(_), ColumnKind::Binary)) {
                return cell;
            }
            let value = cell.into_json(column.kind);
            value
                .and_then(|value| Cell::from_json(value, column.kind))
                .unwrap_or_else(|| {
                    misplaced.push(column);
                    Cell::Nothing
                })
        });
        let row = Self(cells.collect());
        let mut faults = row.faults(table);
        faults.extend(
            misplaced.into_iter().map(|column| {
                format!("{}: is no {:?}", row.place(table, column.name), column.kind)
            }),
        );
        faults
    }

    fn named(&self, table: &Table, name: &str) -> Option<&Cell> {
        let at = table
            .columns
            .iter()
            .position(|column| column.name == name)?;
        self.0.get(at)
    }

    /// Location of a value. Hashes of tokens, and names of people, are left out.
    fn place(&self, table: &Table, column: &str) -> String {
        let key: Vec<String> = table
            .key()
            .iter()
            .filter_map(|key| match self.named(table, key.name)? {
                Cell::Number(number) => Some(format!("{} {number}", key.name)),
                Cell::Day(day) => Some(format!("{} {day}", key.name)),
                _ => None,
            })
            .collect();
        format!(
            "table {}, row {}, column {column}",
            table.name,
            key.join(" ")
        )
    }

    /// What is wrong with the values of a row, each with table, row and column.
    pub(super) fn faults(&self, table: &Table) -> Vec<String> {
        let values = self.0.iter().zip(table.columns);
        let mut faults: Vec<String> = values
            .filter_map(|(cell, column)| {
                let fault = values::check(table.name, column.name, cell).err()?;
                Some(format!("{}: {fault}", self.place(table, column.name)))
            })
            .collect();
        if let Err((column, fault)) = values::check_row(table.name, |name| self.named(table, name))
        {
            faults.push(format!("{}: {fault}", self.place(table, column)));
        }
        faults
    }
}

impl QueryableByName<Sqlite> for Cells {
    fn build<'a>(row: &impl NamedRow<'a, Sqlite>) -> deserialize::Result<Self> {
        use diesel::row::{Field as _, Row};
        let cell = |place: usize| {
            let field = Row::get(row, place).ok_or("a column is missing")?;
            let Some(mut value) = field.value() else {
                return Ok(Cell::Nothing);
            };
            Ok(match value.value_type() {
                None => Cell::Nothing,
                Some(SqliteType::Text) => Cell::Text(value.read_text().to_owned()),
                Some(SqliteType::Binary) => Cell::Bytes(value.read_blob().to_owned()),
                Some(SqliteType::Long | SqliteType::Integer | SqliteType::SmallInt) => {
                    Cell::Number(value.read_long())
                }
                Some(other) => return Err(format!("a value of the kind {other:?}").into()),
            })
        };
        (0..row.field_count())
            .map(cell)
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

impl Cell {
    /// As the file has it; nothing when a column of that kind cannot hold it: SQLite keeps whatever it was given.
    pub(crate) fn into_json(self, kind: ColumnKind) -> Option<Value> {
        Some(match (self, kind) {
            (Self::Nothing, _) => Value::Null,
            (Self::Number(number), ColumnKind::BigInt) => number.into(),
            (Self::Number(number), ColumnKind::Integer) => i32::try_from(number).ok()?.into(),
            (Self::Number(number @ (0 | 1)), ColumnKind::Bool) => (number == 1).into(),
            (Self::Truth(truth), ColumnKind::Bool) => truth.into(),
            (Self::Text(text), ColumnKind::Text) => text.into(),
            (Self::Text(text), ColumnKind::Date) => day(&text)?.to_string().into(),
            (Self::Day(day), ColumnKind::Date) => day.to_string().into(),
            (Self::Bytes(bytes), ColumnKind::Binary) => STANDARD.encode(bytes).into(),
            _ => return None,
        })
    }

    /// From the file; nothing when a column of that kind cannot hold it.
    pub(super) fn from_json(value: Value, kind: ColumnKind) -> Option<Self> {
        Some(match (value, kind) {
            (Value::Null, _) => Self::Nothing,
            (Value::Number(number), ColumnKind::BigInt) => Self::Number(number.as_i64()?),
            (Value::Number(number), ColumnKind::Integer) => {
                Self::Number(i32::try_from(number.as_i64()?).ok()?.into())
            }
            (Value::Bool(truth), ColumnKind::Bool) => Self::Truth(truth),
            (Value::String(text), ColumnKind::Text) => Self::Text(text),
            (Value::String(text), ColumnKind::Date) => Self::Day(day(&text)?),
            (Value::String(text), ColumnKind::Binary) => Self::Bytes(STANDARD.decode(text).ok()?),
            _ => return None,
        })
    }

    /// Puts it into the next place of a statement.
    pub(crate) fn bind(self, statement: Statement<'_>, kind: ColumnKind) -> Statement<'_> {
        let (mut number, mut text, mut truth, mut date, mut bytes) = (None, None, None, None, None);
        match self {
            Self::Nothing => {}
            Self::Number(it) => number = Some(it),
            Self::Text(it) => text = Some(it),
            Self::Truth(it) => truth = Some(it),
            Self::Day(it) => date = Some(it),
            Self::Bytes(it) => bytes = Some(it),
        }
        match kind {
            ColumnKind::BigInt => statement.bind::<Nullable<BigInt>, _>(number),
            ColumnKind::Integer => {
                let number = number.and_then(|number| i32::try_from(number).ok());
                statement.bind::<Nullable<Integer>, _>(number)
            }
            ColumnKind::Text => statement.bind::<Nullable<Text>, _>(text),
            ColumnKind::Bool => statement.bind::<Nullable<Bool>, _>(truth),
            ColumnKind::Date => statement.bind::<Nullable<Date>, _>(date),
            ColumnKind::Binary => statement.bind::<Nullable<Binary>, _>(bytes),
        }
    }
}

/// A statement with its values, for either database.
pub(crate) type Statement<'f> = BoxedSqlQuery<'f, <Conn as diesel::Connection>::Backend, SqlQuery>;

fn day(text: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()
}
