//! Meta, Type, Instance, and the configuration files that hold them.
