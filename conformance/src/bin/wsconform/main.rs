//! The program `wsconform`.

fn main() {
    for role in [wsconform::Role::Server, wsconform::Role::Client] {
        println!("{role}: {} cases", wsconform::catalogue(role).len());
    }
}
