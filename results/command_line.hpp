#pragma once

#include <string>
#include <vector>

namespace inferbench {

// This process's arguments, the program's name first; empty where /proc is not there.
std::vector<std::string> process_command_line();

// `argument` with every path reduced to its file name: "azure:/home/ann/t.csv" becomes
// "azure:t.csv". A path begins the argument or follows one of ":=,( " and starts with '/', './',
// '../' or '~', or lies in a folder that exists; "1k/1k" is no path.
std::string without_paths(const std::string& argument);

}  // namespace inferbench
