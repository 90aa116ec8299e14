use holdall::prelude::*;

#[tool(icons("icon.png"))]
fn relative() {}

#[tool(icons(icon("https://a/b.png", sizes("big"))))]
fn big() {}

#[tool(icons(icon("https://a/b.png", theme = "night")))]
fn night() {}

#[tool(icons(icon("https://a/b.png", size = "48x48")))]
fn size() {}

#[tool(icons(icon("https://a/b.png", mime_type = "png")))]
fn png() {}

#[tool(icons = "https://a/b.png")]
fn one() {}

#[tool(icons(dark("https://a/b.png")))]
fn dark() {}

fn main() {}
