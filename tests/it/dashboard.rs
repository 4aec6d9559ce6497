//! The dashboard over HTTP, without a browser: its sessions, its forms, its limits and what its pages show.

mod access;
mod bucket;
mod budget;
mod clerk;
mod creation;
mod faults;
mod forms;
mod headers;
mod hygiene;
mod isolation;
mod links;
mod pages;
mod rotation;
