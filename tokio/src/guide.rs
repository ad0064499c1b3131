//! Longer explanations.

/// What a dropped future leaves behind.
pub mod cancel_safety {}
