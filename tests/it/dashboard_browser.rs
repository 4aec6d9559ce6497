//! The dashboard as people use it, in headless Chromium.

mod accessibility;
mod clerk;
mod clerk_stand_in;
mod first_page;
mod forgery;
mod injection;
mod isolation;
mod key_life;
mod keyboard;
mod pages;
mod screenshots;
mod sign_in;
mod site;

use site::Site;
