use holdall::prelude::*;

#[tool]
fn generic<T: Into<String>, const N: usize>(a: T) -> String
where
    T: Clone,
{
    a.into()
}

#[tool]
fn lifetime<'a>(a: &'a str) -> &'a str {
    a
}

#[tool]
unsafe fn dangerous() {}

#[tool]
const fn constant() -> u8 {
    1
}

#[tool]
extern "C" fn foreign() {}

#[tool]
fn never() -> ! {
    loop {}
}

#[tool]
fn borrowed(a: &str) -> Option<&str> {
    Some(a)
}

#[tool]
fn future() -> impl Future<Output = String> {
    async { String::new() }
}

#[tool]
fn opaque() -> impl std::fmt::Display {
    1
}

fn main() {}
