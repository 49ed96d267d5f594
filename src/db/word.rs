//! Enums stored as text, through one generic implementation.

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::Text;

use crate::core::text_enum::TextEnum;

/// A [`TextEnum`] in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromSqlRow, AsExpression)]
#[diesel(sql_type = Text)]
pub struct Word<E: TextEnum>(pub E);

impl<E: TextEnum, DB: Backend> ToSql<Text, DB> for Word<E>
where
    str: ToSql<Text, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        <str as ToSql<Text, DB>>::to_sql(self.0.as_str(), out)
    }
}

impl<E: TextEnum, DB: Backend> FromSql<Text, DB> for Word<E>
where
    String: FromSql<Text, DB>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
        let word = <String as FromSql<Text, DB>>::from_sql(bytes)?;
        E::from_word(&word)
            .map(Self)
            .ok_or_else(|| format!("unknown {} '{word}'", E::NOUN).into())
    }
}
