//! Links libwslay of Debian if it is installed (apt-get install libwslay-dev). Otherwise the package builds
//! without the peer `wslay`.
use std::path::Path;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-check-cfg=cfg(have_wslay)");
    let dirs = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib", "/usr/local/lib"];
    for d in dirs {
        if Path::new(d).join("libwslay.so").exists() || Path::new(d).join("libwslay.a").exists() {
            println!("cargo:rustc-link-search=native={d}");
            println!("cargo:rustc-link-lib=wslay");
            println!("cargo:rustc-cfg=have_wslay");
            return;
        }
    }
    println!("cargo:warning=libwslay not found: the wslay peer is left out");
}
