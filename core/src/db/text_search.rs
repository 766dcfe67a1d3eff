//! Conditions of searches: a text that begins with, or contains, what somebody typed.

use sea_orm::sea_query::{Expr, ExprTrait as _, Func, LikeExpr, SimpleExpr};
use sea_orm::{ColumnTrait, Condition, DbBackend};

/// The escape character of patterns: it needs no escape of its own in any database's literals.
const LIKE_ESCAPE: char = '!';

/// Matches ids, which are bytes, that begin with this text. It can be answered from an index.
pub(crate) fn id_starts_with(column: impl ColumnTrait, text: &str) -> Condition {
    let first = text.as_bytes().to_vec();
    // No id holds this byte: it is in no UTF-8.
    let mut last = first.clone();
    last.push(0xff);
    Condition::all()
        .add(Expr::col(column.as_column_ref()).gte(first))
        .add(Expr::col(column.as_column_ref()).lt(last))
}

/// Matches texts that begin with this one. It can be answered from an index.
pub(crate) fn text_starts_with(
    backend: DbBackend,
    column: impl ColumnTrait,
    text: &str,
) -> SimpleExpr {
    let column = Expr::col(column.as_column_ref());
    match backend {
        // SQLite's LIKE ignores case, and then uses no index.
        DbBackend::Sqlite => column
            .clone()
            .gte(text)
            .and(column.lt(format!("{text}\u{10ffff}"))),
        _ => column.like(LikeExpr::new(format!("{}%", escaped(text))).escape(LIKE_ESCAPE)),
    }
}

/// Matches texts that contain this one, in any case.
pub(crate) fn text_contains(column: impl ColumnTrait, text: &str) -> SimpleExpr {
    let pattern = format!("%{}%", escaped(&text.to_lowercase()));
    Expr::expr(Func::lower(Expr::col(column.as_column_ref())))
        .like(LikeExpr::new(pattern).escape(LIKE_ESCAPE))
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '%' | '_' | LIKE_ESCAPE) {
            escaped.push(LIKE_ESCAPE);
        }
        escaped.push(character);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaped_text_stands_for_itself() {
        assert_eq!(escaped("100%_!ok"), "100!%!_!!ok");
    }
}
