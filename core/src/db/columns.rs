//! Column types of ids and times: ids are stored as bytes, which every database compares byte for byte, and times as
//! whole milliseconds.

use sea_orm::sea_query::{ArrayType, ColumnType, Nullable, StringLen, ValueType, ValueTypeErr};
use sea_orm::{ColIdx, DbErr, QueryResult, TryFromU64, TryGetError, TryGetable, Value};

use crate::clock::Timestamp;
use crate::domain::{AgentId, CorpId, SuiteId, WecomUserId};

macro_rules! column {
    ($type:ty, $inner:ty, $array:expr, $column:expr, $into:expr, $parse:expr) => {
        impl From<$type> for Value {
            fn from(value: $type) -> Self {
                let into: fn($type) -> $inner = $into;
                into(value).into()
            }
        }

        impl TryGetable for $type {
            fn try_get_by<I: ColIdx>(row: &QueryResult, index: I) -> Result<Self, TryGetError> {
                let parse: fn($inner) -> Option<$type> = $parse;
                let inner = <$inner as TryGetable>::try_get_by(row, index)?;
                parse(inner).ok_or_else(|| {
                    DbErr::Type(concat!("not a ", stringify!($type)).to_owned()).into()
                })
            }
        }

        impl ValueType for $type {
            fn try_from(value: Value) -> Result<Self, ValueTypeErr> {
                let parse: fn($inner) -> Option<$type> = $parse;
                parse(<$inner as ValueType>::try_from(value)?).ok_or(ValueTypeErr)
            }

            fn type_name() -> String {
                stringify!($type).to_owned()
            }

            fn array_type() -> ArrayType {
                $array
            }

            fn column_type() -> ColumnType {
                $column
            }
        }

        impl Nullable for $type {
            fn null() -> Value {
                <$inner as Nullable>::null()
            }
        }

        impl sea_orm::IntoActiveValue<$type> for $type {
            fn into_active_value(self) -> sea_orm::ActiveValue<$type> {
                sea_orm::ActiveValue::Set(self)
            }
        }

        impl TryFromU64 for $type {
            fn try_from_u64(_: u64) -> Result<Self, DbErr> {
                Err(DbErr::ConvertFromU64(stringify!($type)))
            }
        }
    };
}

macro_rules! text_as_bytes {
    ($($type:ty),*) => {$(
        column!(
            $type,
            Vec<u8>,
            ArrayType::Bytes,
            ColumnType::VarBinary(StringLen::N(128)),
            |id| id.as_str().as_bytes().to_vec(),
            |bytes| String::from_utf8(bytes).ok().and_then(|text| <$type>::new(text).ok())
        );
    )*};
}

text_as_bytes!(SuiteId, CorpId, WecomUserId);

column!(
    AgentId,
    i64,
    ArrayType::BigInt,
    ColumnType::BigInteger,
    AgentId::number,
    |number| Some(AgentId::new(number))
);

column!(
    Timestamp,
    i64,
    ArrayType::BigInt,
    ColumnType::BigInteger,
    Timestamp::as_millis,
    |millis| Some(Timestamp::from_millis(millis))
);
