//! The dashboard over HTTP, without a browser: its sessions, its forms, its limits and what its pages show.

mod access;
mod bucket;
mod clerk;
mod creation;
mod forms;
mod headers;
mod isolation;
mod links;
mod pages;
mod rotation;
