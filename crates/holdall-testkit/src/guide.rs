//! The Rust of the guide, `docs/guide`, compiles and runs. It is here because this is the one crate that sees all of what
//! the guide tells of: the framework, serving over HTTP, and testing.

macro_rules! pages {
    ($($page:ident: $file:literal),* $(,)?) => {
        $(
            #[cfg(doctest)]
            #[doc = include_str!(concat!("../../../docs/guide/", $file))]
            struct $page;
        )*

        /// The pages whose Rust is compiled.
        #[cfg(test)]
        const PAGES: &[&str] = &[$($file),*];
    };
}

pages! {
    GettingStarted: "getting-started.md",
    Tools: "tools.md",
    Errors: "errors.md",
    Resources: "resources.md",
    Prompts: "prompts.md",
    Interaction: "interaction.md",
    Tasks: "tasks.md",
    Composition: "composition.md",
    Serving: "serving.md",
    Testing: "testing.md",
    SchemaLock: "schema-lock.md",
    Attributes: "attributes.md",
    FromFastmcp: "from-fastmcp.md",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_is_compiled_and_in_the_table() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/guide");
        let table = std::fs::read_to_string(format!("{folder}/README.md")).expect("the guide has a table");
        for entry in std::fs::read_dir(folder).expect("the guide is there") {
            let file = entry.expect("it can be listed").file_name();
            let file = file.to_str().expect("its name is text");
            if file != "README.md" {
                assert!(
                    PAGES.contains(&file),
                    "{file} is not among the pages of `guide.rs`"
                );
                assert!(
                    table.contains(&format!("]({file})")),
                    "{file} is not in the table"
                );
            }
        }
    }
}
