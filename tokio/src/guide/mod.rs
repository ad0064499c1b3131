//! A page for each topic: [cancel safety](cancel_safety), [`backpressure`], and [coming from
//! tokio-tungstenite](from_tokio_tungstenite).

pub mod backpressure;
pub mod cancel_safety;
pub mod from_tokio_tungstenite;
