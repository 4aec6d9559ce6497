//! `GET /dashboard/static/{file}`: the style sheet, the scripts and the mark.

use std::time::Duration;

use hb_http::{HandlerResult, PublicCall, Reply, StaticFile};
use headers::CacheControl;

/// A year: pages name a file by its content.
const MAX_AGE: Duration = Duration::from_secs(365 * 24 * 60 * 60);

struct File {
    name: &'static str,
    content: StaticFile,
}

static FILES: [File; 4] = [
    File { name: "dashboard.css", content: StaticFile::css(include_str!("../assets/dashboard.css")) },
    File { name: "dashboard.js", content: StaticFile::javascript(include_str!("../assets/dashboard.js")) },
    File { name: "sign-in.js", content: StaticFile::javascript(include_str!("../assets/sign-in.js")) },
    File { name: "icon.svg", content: StaticFile::svg(include_str!("../assets/icon.svg")) },
];

/// The file of this name. With the hash of its content in the address it never changes. During a deployment a page of one version
/// may ask an instance of another one, whose file must not be kept under that address.
pub(crate) fn file(call: &PublicCall) -> HandlerResult {
    let file = call.path_id(find)?;
    let control = match call.form_of_query().value("v") == file.content.version() {
        true => CacheControl::new().with_public().with_max_age(MAX_AGE).with_immutable(),
        false => CacheControl::new().with_no_cache(),
    };
    Ok(Reply::file(&file.content).with(control))
}

/// The address of the file of this name.
pub(crate) fn address(name: &str) -> String {
    let version = find(name).map(|file| file.content.version()).unwrap_or_default();
    format!("/dashboard/static/{name}?v={version}")
}

fn find(name: &str) -> Option<&'static File> {
    FILES.iter().find(|file| file.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATES: [&str; 3] = [
        include_str!("../templates/head.html"),
        include_str!("../templates/base.html"),
        include_str!("../templates/sign_in.html"),
    ];

    #[test]
    fn every_file_is_used_and_named_by_its_content() {
        for file in &FILES {
            let used = format!("crate::file::address(\"{}\")", file.name);
            assert!(TEMPLATES.iter().any(|template| template.contains(&used)), "{used}");
            assert!(address(file.name).len() > file.name.len() + 30, "{}", address(file.name));
        }
    }
}
