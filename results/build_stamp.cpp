#include "results/build_stamp.hpp"

#include "results/command_line.hpp"

namespace inferbench {
namespace build_info {  // defined in the source that results/build_info.cmake generates
extern const char* const kVersion;
extern const char* const kCommit;
extern const char* const kTree;
extern const char* const kCompiler;
extern const char* const kCompilerVersion;
extern const char* const kBuildType;
extern const char* const kFlags;
}  // namespace build_info

BuildStamp build_stamp() {
  const std::string tree = build_info::kTree;
  return {.version = build_info::kVersion,
          .git_commit = build_info::kCommit,
          .git_dirty = tree.empty() ? std::nullopt : std::optional(tree == "dirty"),
          .compiler = std::string(build_info::kCompiler) + " " + build_info::kCompilerVersion,
          .flags = without_paths(build_info::kFlags),
          .build_type = build_info::kBuildType};
}

}  // namespace inferbench
