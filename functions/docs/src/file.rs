//! `GET /docs/{file}`: the scripts and style sheets of the page.

use std::time::Duration;

use hb_http::{HandlerResult, PublicCall, Reply, StaticFile};
use headers::CacheControl;

/// A year: a file whose name contains its version never changes.
const MAX_AGE: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// A file of the page.
struct File {
    name: &'static str,
    content: StaticFile,
    /// Whether the name contains the version.
    is_versioned: bool,
}

static FILES: [File; 4] = [
    File {
        name: "swagger-ui-bundle-5.35.0.js",
        content: StaticFile::javascript(include_str!("../viewer/swagger-ui/swagger-ui-bundle.js")),
        is_versioned: true,
    },
    File {
        name: "swagger-ui-5.35.0.css",
        content: StaticFile::css(include_str!("../viewer/swagger-ui/swagger-ui.css")),
        is_versioned: true,
    },
    File {
        name: "start.js",
        content: StaticFile::javascript(include_str!("../viewer/start.js")),
        is_versioned: false,
    },
    File {
        name: "page.css",
        content: StaticFile::css(include_str!("../viewer/page.css")),
        is_versioned: false,
    },
];

/// The file of this name.
pub(crate) fn file(call: &PublicCall) -> HandlerResult {
    let file = call.path_id(find)?;
    let control = match file.is_versioned {
        true => CacheControl::new().with_public().with_max_age(MAX_AGE).with_immutable(),
        false => CacheControl::new().with_no_cache(),
    };
    Ok(Reply::file(&file.content).with(control))
}

fn find(name: &str) -> Option<&'static File> {
    FILES.iter().find(|file| file.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = include_str!("../viewer/index.html");
    const RENEW: &str = include_str!("../viewer/renew");

    #[test]
    fn the_page_loads_every_file_and_nothing_else() {
        let links = PAGE.split(['"', '\'']).filter_map(|text| text.strip_prefix("/docs/"));
        let mut links: Vec<&str> = links.collect();
        let mut names: Vec<&str> = FILES.iter().map(|file| file.name).collect();
        links.sort_unstable();
        names.sort_unstable();
        assert_eq!(links, names);
        for elsewhere in ["http:", "https:", "\"//", "<style", "style=", "onload="] {
            assert!(!PAGE.contains(elsewhere), "viewer/index.html: {elsewhere}");
        }
        let scripts = PAGE.matches("<script").count();
        assert_eq!(PAGE.matches("></script>").count(), scripts, "the policy allows no inline script");
    }

    #[test]
    fn the_names_contain_the_version_of_the_package() {
        let version =
            RENEW.lines().find_map(|line| line.strip_prefix("readonly VERSION=")).expect("a version");
        for file in FILES.iter().filter(|file| file.is_versioned) {
            assert!(file.name.contains(&format!("-{version}.")), "{} is of {version}", file.name);
        }
    }
}
