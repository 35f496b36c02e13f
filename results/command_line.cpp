#include "results/command_line.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>

namespace inferbench {
namespace {

bool is_path(const std::string& text) {
  const std::size_t slash = text.rfind('/');
  if (slash == std::string::npos) return false;
  for (const std::string_view start : {"/", "./", "../", "~"}) {
    if (text.starts_with(start)) return true;
  }
  std::error_code ignored;
  return std::filesystem::is_directory(text.substr(0, slash), ignored);
}

std::string file_name(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path.substr(path.rfind('/') + 1);
}

// A compiler's -I/usr/x: the path starts after the option's letter.
std::size_t option_letters(const std::string& text) {
  const std::size_t slash = text.find('/');
  const bool option = text.size() > 2 && text[0] == '-' && slash == 2;
  return option ? 2 : 0;
}

std::string reduced(const std::string& text) {
  const std::size_t skip = option_letters(text);
  const std::string path = text.substr(skip);
  return is_path(path) ? text.substr(0, skip) + file_name(path) : text;
}

}  // namespace

std::vector<std::string> process_command_line() {
  std::ifstream in("/proc/self/cmdline", std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  std::vector<std::string> arguments;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\0', begin), text.size());
    arguments.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return arguments;
}

std::string without_paths(const std::string& argument) {
  std::string out;
  for (std::size_t begin = 0; begin <= argument.size();) {
    const std::size_t end = std::min(argument.find_first_of(":=,( ", begin), argument.size());
    out += reduced(argument.substr(begin, end - begin));
    if (end < argument.size()) out += argument[end];
    begin = end + 1;
  }
  return out;
}

}  // namespace inferbench
