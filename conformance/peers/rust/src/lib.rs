//! Arguments that all peers share.

/// The address `HOST:PORT` of a server from its two arguments.
///
/// # Panics
///
/// If an argument is missing.
pub fn address() -> String {
    let mut args = std::env::args().skip(1);
    let (Some(host), Some(port)) = (args.next(), args.next()) else { panic!("arguments: HOST PORT") };
    format!("{host}:{port}")
}

/// The URI of a client, its only argument. From here on a panic is the end by a signal, which is a crash to
/// the runner.
///
/// # Panics
///
/// If the argument is missing.
pub fn uri() -> String {
    std::panic::set_hook(Box::new(|info| {
        eprintln!("{info}");
        std::process::abort();
    }));
    std::env::args().nth(1).expect("argument: URI")
}
