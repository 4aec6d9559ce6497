//! A stand-in for Clerk's servers: the two scripts that the sign-in page loads, and session tokens.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CONTENT_TYPE};
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hb_domain::dashboard::PublishableKey;
use hb_local::callers::Callers;
use hb_local::server::Server;

/// The part of Clerk that `sign-in.js` uses. What Clerk keeps in cookies of its own is in the page's storage, where a test reads it.
const CLERK: &str = r#"
{
  const origin = new URL(document.currentScript.src).origin;
  const listeners = [];
  const count = (name) => localStorage.setItem(name, Number(localStorage.getItem(name)) + 1);
  const session = { status: "active", getToken: async () => { count("tokens"); return (await fetch(`${origin}/token`)).text(); } };
  const state = () => ({
    session: localStorage.getItem("user") ? session : null,
    organization: localStorage.getItem("organization") ? { id: localStorage.getItem("organization") } : null,
  });
  const show = (box, id, label, act) => {
    const button = document.createElement("button");
    button.id = id;
    button.textContent = label;
    button.addEventListener("click", () => { act(); listeners.forEach((listener) => listener(state())); });
    box.replaceChildren(button);
  };
  window.Clerk = {
    load: async ({ ui }) => { if (ui.ClerkUI !== window.__internal_ClerkUICtor || !ui.ClerkUI) throw new Error("no UI"); },
    get session() { return state().session; },
    get organization() { return state().organization; },
    addListener: (listener) => { listeners.push(listener); listener(state()); },
    mountSignIn: (box) => show(box, "clerk-sign-in", "Continue with Clerk", () => localStorage.setItem("user", "maya")),
    mountOrganizationList: (box) => show(box, "clerk-organization", "Acme", () => localStorage.setItem("organization", "org_acme")),
    signOut: async (callback) => { count("signOuts"); localStorage.removeItem("user"); callback(); },
  };
}
"#;

/// The running stand-in.
pub(super) struct ClerkStandIn {
    token: Arc<Mutex<String>>,
    server: Server,
}

impl ClerkStandIn {
    pub(super) async fn start() -> Self {
        let token = Arc::<Mutex<String>>::default();
        let script = |text: &'static str| {
            get(async move || ([(CONTENT_TYPE, "text/javascript"), (ACCESS_CONTROL_ALLOW_ORIGIN, "*")], text))
        };
        let current = Arc::clone(&token);
        let issue = get(async move || {
            ([(ACCESS_CONTROL_ALLOW_ORIGIN, "*")], current.lock().expect("no panic").clone())
        });
        let router = Router::new()
            .route("/npm/@clerk/ui@1/dist/ui.browser.js", script("window.__internal_ClerkUICtor = class {};"))
            .route("/npm/@clerk/clerk-js@6/dist/clerk.browser.js", script(CLERK))
            .route("/token", issue);
        let server = Server::serve(0, router, Callers::ProgramsAndPages).await.expect("a port");
        Self { token, server }
    }

    /// The publishable key that names it.
    pub(super) fn publishable_key(&self) -> PublishableKey {
        let url = self.server.url();
        let host = url.strip_prefix("http://").expect("plain HTTP");
        PublishableKey::parse(&format!("pk_test_{}", STANDARD.encode(format!("{host}$")))).expect("a key")
    }

    /// What a session's `getToken` returns from now on.
    pub(super) fn issue(&self, token: String) {
        *self.token.lock().expect("no panic") = token;
    }
}
