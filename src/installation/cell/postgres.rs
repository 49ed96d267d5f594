//! Rows of PostgreSQL.

use diesel::deserialize::{self, FromSql, QueryableByName};
use diesel::pg::{Pg, PgValue};
use diesel::row::{Field as _, NamedRow, Row};
use diesel::sql_types::{BigInt, Binary, Bool, Date, Integer, Text};

use super::{Cell, Cells};

impl QueryableByName<Pg> for Cells {
    fn build<'a>(row: &impl NamedRow<'a, Pg>) -> deserialize::Result<Self> {
        let cell = |place: usize| {
            let field = Row::get(row, place).ok_or("a column is missing")?;
            field.value().map_or(Ok(Cell::Nothing), of_postgres)
        };
        (0..row.field_count())
            .map(cell)
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

/// By the number of its type, as in `pg_type.dat` of PostgreSQL.
fn of_postgres(value: PgValue<'_>) -> deserialize::Result<Cell> {
    Ok(match value.get_oid().get() {
        16 => Cell::Truth(FromSql::<Bool, Pg>::from_sql(value)?),
        17 => Cell::Bytes(FromSql::<Binary, Pg>::from_sql(value)?),
        20 => Cell::Number(FromSql::<BigInt, Pg>::from_sql(value)?),
        23 => Cell::Number(<i32 as FromSql<Integer, Pg>>::from_sql(value)?.into()),
        25 => Cell::Text(FromSql::<Text, Pg>::from_sql(value)?),
        1082 => Cell::Day(FromSql::<Date, Pg>::from_sql(value)?),
        other => return Err(format!("a value of the type {other}").into()),
    })
}
