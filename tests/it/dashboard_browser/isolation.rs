//! A tenant sees nothing of another one.

use hb_domain::TenantId;

use super::Site;

#[tokio::test]
async fn a_second_tenant_sees_nothing_of_the_first() {
    let Some(site) = Site::open().await else { return };
    let client = site.client().await;
    let id = site.create_key(&client, "Payroll").await;
    client.get("/api/v1/memories").await.expect(200, "");
    site.sign_in().await;
    site.goto(&format!("/dashboard/keys/{id}")).await;
    site.shows("Payroll").await;

    let globex = TenantId::parse("globex").expect("a tenant");
    site.found(&globex).await;
    site.browser.delete_cookies().await;
    site.sign_in_to(&globex).await;
    site.shows("Create your first API key").await;
    let sees_nothing = async || {
        let source = site.browser.source().await;
        for word in ["Payroll", &id, "acme"] {
            assert!(!source.contains(word), "{word} at {}: {source}", site.path().await);
        }
    };
    for path in ["/dashboard", "/dashboard/keys", "/dashboard/connect", "/dashboard/settings"] {
        site.goto(path).await;
        sees_nothing().await;
        site.shows("globex").await;
    }
    for query in ["", "/rotate", "/revoke"] {
        site.goto(&format!("/dashboard/keys/{id}{query}")).await;
        assert_eq!(site.browser.text("h1").await, "Not found");
        sees_nothing().await;
    }
    for query in ["keys?revoked=", "keys/new?replaces="] {
        site.goto(&format!("/dashboard/{query}{id}")).await;
        let source = site.browser.source().await;
        assert!(!source.contains("Payroll") && !source.contains("acme"), "{query}: {source}");
    }
    assert_eq!(site.script_errors().await, [""; 0]);
}
