// Signs in with Clerk, and posts the token of the Clerk session to the server, which starts a session of its own.
"use strict";

const box = document.getElementById("clerk");
const form = document.getElementById("session");
const status = document.getElementById("progress");
// This page without the reason for which it was shown, or Clerk would return to "signed out" and sign out again.
const clean = `${location.pathname}?${new URLSearchParams({ next: form.elements.next.value })}`;
let submitted = false;

const button = (label, onClick) => {
  const element = document.createElement("button");
  element.type = "button";
  element.className = "button";
  element.textContent = label;
  element.addEventListener("click", onClick);
  return element;
};

const fail = (text) => {
  const again = document.createElement("a");
  again.className = "button";
  again.href = location.pathname + location.search;
  again.textContent = "Try again";
  status.textContent = text;
  status.classList.add("error");
  box.replaceChildren(again);
};

// Clerk runs in scripts of its own, which may arrive after this one.
const loaded = async () => {
  for (let wait = 0; wait < 150; wait += 1) {
    if (window.Clerk?.load) return window.Clerk;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("Clerk has not loaded");
};

// A pending session has a task left, such as the choice of an organization, and its token would be refused.
const isUsable = (session) => Boolean(session) && session.status !== "pending";

const submit = async (session) => {
  if (submitted) return;
  submitted = true;
  status.textContent = "Signing in …";
  try {
    const token = await session.getToken();
    if (!token) throw new Error("no token");
    form.elements.token.value = token;
    form.submit();
  } catch {
    fail("Clerk has issued no token. Check the connection.");
  }
};

const submitLater = (Clerk, wanted = () => true) =>
  Clerk.addListener(({ session, organization }) => {
    if (isUsable(session) && wanted(organization)) submit(session);
  });

const showSignIn = (Clerk) => {
  status.textContent = "";
  // After signing in Clerk returns to this page, unless the listener has left it before.
  Clerk.mountSignIn(box, { routing: "hash", forceRedirectUrl: clean, signUpForceRedirectUrl: clean });
  submitLater(Clerk);
};

const signOut = async (Clerk) => {
  // With a function Clerk stays on the page.
  await Clerk.signOut(() => {});
};

const start = async () => {
  status.textContent = "Loading …";
  const Clerk = await loaded();
  await Clerk.load({ ui: { ClerkUI: window.__internal_ClerkUICtor } });
  if ("signedOut" in box.dataset) await signOut(Clerk);
  const session = Clerk.session;
  if (!session) return showSignIn(Clerk);

  if ("organization" in box.dataset) {
    status.textContent = "";
    const before = Clerk.organization?.id;
    Clerk.mountOrganizationList(box, { hidePersonal: true, afterSelectOrganizationUrl: clean, afterCreateOrganizationUrl: clean });
    return submitLater(Clerk, (organization) => organization && organization.id !== before);
  }
  if ("refused" in box.dataset) {
    // The same token would be refused again without end.
    status.textContent = "";
    return box.replaceChildren(
      button("Try again", () => submit(session)),
      button("Use another account", async () => {
        box.replaceChildren();
        await signOut(Clerk).then(() => showSignIn(Clerk)).catch(() => fail("Signing out of Clerk failed."));
      }),
    );
  }
  if (isUsable(session)) return submit(session);
  showSignIn(Clerk);
};

// A page that comes back from the browser's cache has submitted already.
addEventListener("pageshow", (event) => event.persisted && location.reload());
start().catch(() => fail("The sign-in could not be loaded. Check the connection, and that no extension blocks Clerk."));
