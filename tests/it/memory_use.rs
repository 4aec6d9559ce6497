//! The memory that one request needs, whatever it contains. Each function's binary, as Lambda runs it, receives the
//! worst inputs of each of its routes, and may use at most four fifths of its memory (resident). An instance with
//! `AWS_LAMBDA_MAX_CONCURRENCY`, which the template does not set, runs as many requests concurrently and needs memory
//! for each.

use hb_http::Route;
use hb_local::functions;
use hb_tests::Function;
use hb_tests::runtime_api::Outcome;
use http::Method;

mod garbage;
mod good;
mod input;
mod inputs;
mod process;
mod seeded;

use seeded::Seeded;

/// The maximum resident share of a function's memory, in percent.
const MOST: u64 = 80;

/// Sends the inputs of every route of a function to one instance of it, and prints the memory that each route needed.
#[expect(clippy::print_stdout, reason = "the figures are what the test is read for")]
async fn drive(name: &str) {
    let seeded = Seeded::new(name == "memories").await;
    let (_, routes) =
        functions::route_tables().find(|(of, _)| *of == name).expect("a function of the service");
    let size = process::memory_size(name);
    let mut environment = hb_tests::function::environment(&seeded.world);
    environment.insert("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", size.to_string());
    environment.insert("LOG_LEVEL", "info".into());
    let mut function = Function::start_in(&environment, name).await;
    function.ready().await;
    let mut worst = 0;
    // Deletions come last, so that the other inputs have all memories.
    let mut routes: Vec<&Route> = routes.iter().collect();
    routes.sort_by_key(|route| (route.path.ends_with("bulk-delete"), route.method == Method::DELETE));
    for (index, route) in routes.into_iter().enumerate() {
        let (mut most, mut by) = (0, String::new());
        for input in inputs::of(route, &seeded, index == 0) {
            process::reset_peak(function.id());
            let outcome = function.invoke(input.event()).await;
            let peak = process::peak(function.id());
            let Outcome::Response(answer) = &outcome else { panic!("{}: {outcome:?}", input.name) };
            assert!(
                answer["statusCode"].as_u64().is_some_and(|status| input.is_answered_with(status, route)),
                "{} {}: {} expected {}, got {:.400}",
                route.method,
                route.path,
                input.name,
                input.status,
                answer.to_string()
            );
            if peak > most {
                (most, by) = (peak, input.name);
            }
        }
        println!("{name} {:>6} {:<28} {most:>4} MiB: {by}", route.method.as_str(), route.path);
        worst = worst.max(most);
        assert!(
            most * 100 <= size * MOST,
            "{name} had {most} MiB of its {size} MiB resident for {} {}, {by}; no request may take it beyond {MOST} %",
            route.method,
            route.path
        );
    }
    println!("{name}: at most {worst} MiB of {size} MiB");
}

#[tokio::test]
async fn no_request_needs_more_memory_than_the_memories_function_has() {
    drive("memories").await;
}

#[tokio::test]
async fn no_request_needs_more_memory_than_the_api_keys_function_has() {
    drive("api-keys").await;
}

#[tokio::test]
async fn no_request_needs_more_memory_than_the_auth_function_has() {
    drive("auth").await;
}

#[tokio::test]
async fn no_request_needs_more_memory_than_the_webhooks_function_has() {
    drive("webhooks").await;
}

#[tokio::test]
async fn no_request_needs_more_memory_than_the_docs_function_has() {
    drive("docs").await;
}
