//! Ids, times and counters of the core, stored as the integers that they are.
//!
//! The core knows no database, so their columns are described here; newtypes of other modules derive the same.

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromStaticSqlRow, Queryable};
use diesel::expression::{AsExpression, Expression};
use diesel::internal::derives::as_expression::Bound;
use diesel::query_builder::QueryId;
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::{HasSqlType, SingleValue};

use crate::core::delegation::{ContactId, DelegationId};
use crate::core::event::{EventId, ProgrammeVersion, Revision, RevisionKey};
use crate::core::interpreter::InterpreterId;
use crate::core::room::RoomId;
use crate::core::slot::SlotId;
use crate::core::time::{Instant, Moment};
use crate::core::user::UserId;

macro_rules! stored_as {
    ($integer:ty: $($newtype:ident),+ $(,)?) => { $(
        impl<ST, DB> ToSql<ST, DB> for $newtype
        where
            $integer: ToSql<ST, DB>,
            DB: Backend + HasSqlType<ST>,
        {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
                self.0.to_sql(out)
            }
        }

        impl<ST, DB> FromSql<ST, DB> for $newtype
        where
            $integer: FromSql<ST, DB>,
            DB: Backend + HasSqlType<ST>,
        {
            fn from_sql(raw: DB::RawValue<'_>) -> deserialize::Result<Self> {
                <$integer as FromSql<ST, DB>>::from_sql(raw).map(Self)
            }
        }

        impl<ST, DB> Queryable<ST, DB> for $newtype
        where
            $integer: FromStaticSqlRow<ST, DB>,
            DB: Backend + HasSqlType<ST>,
        {
            type Row = $integer;

            fn build(integer: $integer) -> deserialize::Result<Self> {
                Ok(Self(integer))
            }
        }

        impl<ST: SingleValue> AsExpression<ST> for $newtype
        where
            Bound<ST, $integer>: Expression<SqlType = ST>,
        {
            type Expression = Bound<ST, Self>;

            fn as_expression(self) -> Self::Expression {
                Bound::new(self)
            }
        }

        impl<'e, ST: SingleValue> AsExpression<ST> for &'e $newtype
        where
            Bound<ST, $integer>: Expression<SqlType = ST>,
        {
            type Expression = Bound<ST, Self>;

            fn as_expression(self) -> Self::Expression {
                Bound::new(self)
            }
        }

        impl QueryId for $newtype {
            type QueryId = Self;
        }
    )+ };
}

stored_as!(i32: Instant);
stored_as!(i64: Moment, EventId, Revision, RevisionKey, DelegationId, ContactId, RoomId, InterpreterId, SlotId, UserId);

impl<ST, DB> Queryable<ST, DB> for ProgrammeVersion
where
    (Revision, RevisionKey): FromStaticSqlRow<ST, DB>,
    DB: Backend,
{
    type Row = (Revision, RevisionKey);

    fn build((revision, key): Self::Row) -> deserialize::Result<Self> {
        Ok(Self::new(revision, key))
    }
}
