fn main() {}
mod baseline;
mod labelled;
mod linear;
mod recipe;
mod rows;
mod scores;
mod solver;
mod unseen;
