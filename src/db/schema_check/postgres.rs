//! The schema of a PostgreSQL database, from its catalogues, against a stored snapshot.

use diesel::prelude::*;
use diesel::sql_types::Text;

use super::{Differences, SchemaPart, differences, normalise};

/// What the migrations make, a part a line: its table, its name, what it is. A test renews it.
pub const SNAPSHOT: &str = include_str!("postgres.txt");

/// Columns of the file.
const BETWEEN: char = '\t';

#[derive(QueryableByName)]
struct SchemaLine {
    #[diesel(sql_type = Text)]
    of_table: String,
    #[diesel(sql_type = Text)]
    label: String,
    #[diesel(sql_type = Text)]
    definition: String,
}

/// Every part of the schema that tables are made in without a name before theirs. PostgreSQL's own words for a
/// definition are the same from version 13 on.
const PARTS: &str = "
WITH ours AS (
  SELECT c.oid, c.relname::text AS name, c.relkind, c.relpersistence, c.relrowsecurity, c.relforcerowsecurity FROM pg_class c
  WHERE c.relnamespace = current_schema()::regnamespace
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.classid = 'pg_class'::regclass AND d.deptype = 'e')
)
SELECT name AS of_table, 'table ' || name AS label,
       concat_ws(' ', relkind, relpersistence, CASE WHEN relrowsecurity OR relforcerowsecurity THEN 'row security' END) AS definition
  FROM ours WHERE relkind IN ('r', 'p', 'f')
UNION ALL
SELECT name, 'view ' || name, '' FROM ours WHERE relkind IN ('v', 'm')
UNION ALL
SELECT t.name, 'column ' || t.name || '.' || a.attname,
       concat_ws(' ', format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN 'not null' END,
         CASE WHEN a.attcollation <> y.typcollation THEN 'collate ' || a.attcollation::regcollation END,
         nullif('identity ' || a.attidentity::text, 'identity '), nullif('generated ' || a.attgenerated::text, 'generated '),
         'default ' || pg_get_expr(d.adbin, d.adrelid))
  FROM ours t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
  JOIN pg_type y ON y.oid = a.atttypid
  LEFT JOIN pg_attrdef d ON d.adrelid = t.oid AND d.adnum = a.attnum
  WHERE t.relkind IN ('r', 'p', 'f')
UNION ALL
-- From 18 on NOT NULL is a constraint, too; the columns say it.
SELECT t.name, 'constraint ' || t.name || '.' || c.conname, pg_get_constraintdef(c.oid)
  FROM ours t JOIN pg_constraint c ON c.conrelid = t.oid WHERE c.contype NOT IN ('n', 't')
UNION ALL
SELECT t.name, 'foreign key of ' || c.conrelid::regclass || ' to ' || t.name, ''
  FROM ours t JOIN pg_constraint c ON c.confrelid = t.oid AND c.conparentid = 0
UNION ALL
SELECT t.name, 'index ' || t.name || '.' || i.relname,
       concat_ws(' ', pg_get_indexdef(x.indexrelid), CASE WHEN NOT (x.indisvalid AND x.indisready AND x.indislive) THEN 'not in use' END)
  FROM ours t JOIN pg_index x ON x.indrelid = t.oid JOIN pg_class i ON i.oid = x.indexrelid WHERE t.relkind IN ('r', 'p', 'm')
UNION ALL
SELECT t.name, 'trigger ' || t.name || '.' || g.tgname, concat_ws(' ', g.tgenabled, pg_get_triggerdef(g.oid))
  FROM ours t JOIN pg_trigger g ON g.tgrelid = t.oid WHERE NOT g.tgisinternal
UNION ALL
SELECT t.name, 'switched off check of ' || t.name, count(*)::text
  FROM ours t JOIN pg_trigger g ON g.tgrelid = t.oid WHERE g.tgisinternal AND g.tgenabled <> 'O' GROUP BY t.name
UNION ALL
SELECT t.name, 'rule ' || t.name || '.' || r.rulename, pg_get_ruledef(r.oid)
  FROM ours t JOIN pg_rewrite r ON r.ev_class = t.oid WHERE t.relkind IN ('r', 'p', 'f')
UNION ALL
SELECT t.name, 'policy ' || t.name || '.' || p.polname, ''
  FROM ours t JOIN pg_policy p ON p.polrelid = t.oid
UNION ALL
SELECT t.name, 'table ' || t.name || ' inherited by ' || i.inhrelid::regclass, ''
  FROM ours t JOIN pg_inherits i ON i.inhparent = t.oid WHERE t.relkind IN ('r', 'p', 'f')
UNION ALL
SELECT '', 'function ' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')',
       concat_ws(' ', l.lanname, p.prorettype::regtype, CASE WHEN p.prosecdef THEN 'security definer' END,
         array_to_string(p.proconfig, ','), p.prosrc)
  FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
  WHERE p.pronamespace = current_schema()::regnamespace
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.classid = 'pg_proc'::regclass AND d.deptype = 'e')
UNION ALL
SELECT '', 'event trigger ' || evtname, '' FROM pg_event_trigger
UNION ALL
SELECT '', 'extension btree_gist', '' FROM pg_extension WHERE extname = 'btree_gist'
UNION ALL
SELECT '', 'setting session_replication_role', current_setting('session_replication_role')";

pub(super) fn compare(postgres: &mut PgConnection) -> QueryResult<Differences> {
    let expected = SNAPSHOT.lines().filter_map(of_line).collect();
    Ok(differences(expected, parts(postgres)?))
}

/// Writes the snapshot of a database.
pub fn snapshot(postgres: &mut PgConnection) -> QueryResult<String> {
    let mut parts = parts(postgres)?;
    parts.sort_by(|one, other| (&one.table, one).cmp(&(&other.table, other)));
    let lines = parts.into_iter().map(|part| {
        let SchemaPart {
            label,
            table,
            definition,
        } = part;
        format!("{table}{BETWEEN}{label}{BETWEEN}{definition}\n")
    });
    Ok(lines.collect())
}

fn of_line(line: &str) -> Option<SchemaPart> {
    let mut columns = line.splitn(3, BETWEEN).map(str::to_owned);
    Some(SchemaPart {
        table: columns.next()?,
        label: columns.next()?,
        definition: columns.next()?,
    })
}

fn parts(postgres: &mut PgConnection) -> QueryResult<Vec<SchemaPart>> {
    let schema = diesel::sql_query(
        "SELECT '' AS of_table, '' AS label, current_schema()::text AS definition",
    )
    .get_result::<SchemaLine>(postgres)?
    .definition;
    let lines: Vec<SchemaLine> = diesel::sql_query(PARTS).load(postgres)?;
    let part = |line: SchemaLine| {
        // The tables may be in another schema than `public`; their own mentions of it say nothing.
        let definition = format!(" {}", normalise::line(&line.definition));
        let qualified = format!(" {} . ", schema.to_lowercase());
        SchemaPart {
            label: line.label,
            table: line.of_table,
            definition: definition.replace(&qualified, " ").trim().to_owned(),
        }
    };
    Ok(lines.into_iter().map(part).collect())
}
