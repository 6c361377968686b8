"""The formats of training sets, a module each: a function that writes the files into a folder, and lists them."""
