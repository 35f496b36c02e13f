#pragma once

#include <optional>
#include <string>

namespace inferbench {

// What this program was built from and how, taken at build time.
struct BuildStamp {
  std::string version;            // of the project: "0.1.0"
  std::string git_commit;         // 40 hex digits; empty when built outside a git checkout
  std::optional<bool> git_dirty;  // tracked files differed from the commit; absent without git
  std::string compiler;           // "GNU 12.2.0"
  std::string flags;              // without paths
  std::string build_type;         // "Release"
};

BuildStamp build_stamp();

}  // namespace inferbench
