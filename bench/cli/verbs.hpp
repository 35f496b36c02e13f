#pragma once

#include "harness/base/error.hpp"

namespace CLI {
class App;
}

namespace inferbench {

// What a verb leaves behind for main.
struct VerbContext {
  ExitCode exit_code = ExitCode::done;
};

// Each verb adds itself to the program; its callback does the work, throws Error for bad input and
// may set context.exit_code.
using AddVerb = void (*)(CLI::App& program, VerbContext& context);

void add_all_verbs(CLI::App& program, VerbContext& context);

}  // namespace inferbench
