//! What goes wrong, on purpose, with rmcp alone.

use std::error::Error;
use std::thread::sleep;
use std::time::Duration;

use rmcp::{ServerHandler, ServiceExt, tool, tool_handler, tool_router};

struct Faults;

#[tool_router]
impl Faults {
    #[tool]
    fn healthy(&self) -> String {
        "fine".to_owned()
    }

    #[tool]
    fn panic(&self) -> String {
        panic!("a bug: secret-42")
    }

    #[tool]
    fn block(&self) -> String {
        sleep(Duration::from_millis(500));
        "done".to_owned()
    }

    #[tool]
    async fn block_async(&self) -> String {
        sleep(Duration::from_millis(500));
        "done".to_owned()
    }

    #[tool]
    #[expect(clippy::print_stdout, reason = "what it does is what is shown")]
    fn stray_print(&self) -> String {
        println!("stray");
        "printed".to_owned()
    }
}

#[tool_handler]
impl ServerHandler for Faults {}

#[tokio::main(worker_threads = 4)]
async fn main() -> Result<(), Box<dyn Error>> {
    let service = Faults.serve(rmcp::transport::stdio()).await?;
    service.waiting().await?;
    Ok(())
}
