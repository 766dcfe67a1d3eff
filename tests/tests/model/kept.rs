//! Histories that once failed, as they shrank.
