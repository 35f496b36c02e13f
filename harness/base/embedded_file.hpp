#pragma once

#include <string_view>

namespace inferbench {

// A text file compiled into the program (cmake/InferbenchEmbed.cmake).
struct EmbeddedFile {
  std::string_view name;  // path relative to the folder that embeds it
  std::string_view text;
};

}  // namespace inferbench
