//! Every table with its columns, as `db::schema` declares them.

use diesel::sql_types::{BigInt, Binary, Bool, Date, Integer, Nullable, Text};

use crate::db::schema;

/// What a column holds. Any may be empty where the database allows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// 64 bits.
    BigInt,
    /// 32 bits.
    Integer,
    /// Text.
    Text,
    /// True or false.
    Bool,
    /// A day.
    Date,
    /// Bytes.
    Binary,
}

/// A column.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub kind: ColumnKind,
}

/// A table.
#[derive(Debug, Clone, Copy)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// Its columns.
    pub columns: &'static [Column],
    /// Columns of the key.
    pub(crate) key: &'static [Column],
    /// True when a migration puts its only row in.
    pub is_furnished: bool,
}

/// A type of the schema.
trait Kinded {
    const KIND: ColumnKind;
}

macro_rules! kinded {
    ($($kind:ident),+) => { $(impl Kinded for $kind { const KIND: ColumnKind = ColumnKind::$kind; })+ };
}
kinded!(BigInt, Integer, Text, Bool, Date, Binary);

impl<K: Kinded> Kinded for Nullable<K> {
    const KIND: ColumnKind = K::KIND;
}

/// One column, or a tuple of columns: the schema writes a key of one column bare. `Shape` keeps the two apart.
trait Columns<Shape> {
    const COLUMNS: &'static [Column];
}

struct Bare;
struct Tuple;

impl<C: diesel::Column<SqlType: Kinded>> Columns<Bare> for C {
    const COLUMNS: &'static [Column] = &[Column {
        name: C::NAME,
        kind: C::SqlType::KIND,
    }];
}

macro_rules! tuples {
    ($first:ident $($rest:ident)*) => {
        impl<$first: diesel::Column<SqlType: Kinded>, $($rest: diesel::Column<SqlType: Kinded>),*> Columns<Tuple>
            for ($first, $($rest),*)
        {
            const COLUMNS: &'static [Column] = &[
                Column { name: $first::NAME, kind: $first::SqlType::KIND },
                $(Column { name: $rest::NAME, kind: $rest::SqlType::KIND }),*
            ];
        }
        tuples!($($rest)*);
    };
    () => {};
}
tuples!(A B C D E F G H I J K L M N O P Q R S T U V W X Y Z A1 B1 C1 D1);

macro_rules! tables {
    ($($name:ident $(($furnished:ident))?),+ $(,)?) => {
        &[$(Table {
            name: stringify!($name),
            columns: <<schema::$name::table as diesel::Table>::AllColumns as Columns<_>>::COLUMNS,
            key: <<schema::$name::table as diesel::Table>::PrimaryKey as Columns<_>>::COLUMNS,
            is_furnished: tables!(@ $($furnished)?),
        }),+]
    };
    (@ furnished) => { true };
    (@) => { false };
}

/// What is moved, each table after those it refers to.
pub const MOVED: &[Table] = tables![
    users,
    account_rules(furnished),
    second_factors,
    recovery_codes,
    known_devices,
    sign_on_identities,
    sign_in_failures,
    api_tokens,
    events,
    event_lifecycles,
    event_days,
    memberships,
    calendar_links,
    resources,
    rooms,
    room_kinds,
    room_closures,
    delegations,
    interpreters,
    contacts,
    presences,
    slots,
    slot_audiences,
    occupancy,
    overrides,
    idempotency_keys,
    notices,
    answers,
    private_links,
    outbox,
    enclosures,
    invitations,
    mail_queue(furnished),
    inbox,
    mailboxes,
    audit,
];

/// Not exported: sessions, what their forms were answered, pending sign-ins, and which browser has pressed the button of
/// a private link. A stolen file opens no session.
pub const LEFT: &[Table] = tables![
    sessions,
    form_posts,
    sign_in_steps,
    sign_on_flows,
    link_passes
];

impl Table {
    /// `"id", "email"`, and so on.
    pub(crate) fn names(&self) -> String {
        join(self.columns.iter().map(|column| quoted(column.name)))
    }

    /// Asks for every row, in an order that is the same on both databases: PostgreSQL's usual order of text is that of
    /// some language.
    pub(super) fn select(&self, is_postgres: bool) -> String {
        let order = join(self.key.iter().map(|column| {
            let collation = if is_postgres && column.kind == ColumnKind::Text {
                r#" COLLATE "C""#
            } else {
                ""
            };
            quoted(column.name) + collation
        }));
        format!(
            "SELECT {} FROM {} ORDER BY {order}",
            self.names(),
            quoted(self.name)
        )
    }

    /// Stores so many rows, with a place for each value.
    pub(super) fn insert(&self, rows: usize) -> String {
        let width = self.columns.len();
        let row = |row: usize| {
            let places = (row * width..(row + 1) * width).map(|place| format!("${}", place + 1));
            format!("({})", join(places))
        };
        format!(
            "INSERT INTO {} ({}) VALUES {}",
            quoted(self.name),
            self.names(),
            join((0..rows).map(row))
        )
    }

    /// Columns of the key.
    pub(super) fn key(&self) -> &'static [Column] {
        self.key
    }

    /// True when PostgreSQL may number its rows by itself.
    pub(super) fn has_id(&self) -> bool {
        self.columns
            .iter()
            .any(|column| column.name == "id" && column.kind == ColumnKind::BigInt)
    }
}

/// Names are ours, from the schema; some are words of SQL.
fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}

fn join(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}
