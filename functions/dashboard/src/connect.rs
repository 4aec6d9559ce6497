//! `GET /dashboard/connect`: what an application needs to use the API.

use askama::Template;
use hb_http::{HandlerResult, PageCall};

use crate::page::{Page, render};

#[derive(Template)]
#[template(path = "connect.html")]
struct Connect {
    page: Page,
    base_url: String,
    curl: String,
    typescript: String,
    python: String,
}

pub(crate) async fn connect(call: PageCall) -> HandlerResult {
    let base_url = call.base_url();
    render(&Connect {
        page: Page::of(&call, "connect"),
        curl: include_str!("../snippets/curl.sh").trim_end().replace("BASE_URL", &base_url),
        typescript: include_str!("../snippets/typescript.mts").trim_end().replace("BASE_URL", &base_url),
        python: include_str!("../snippets/python.py").trim_end().replace("BASE_URL", &base_url),
        base_url,
    })
}
