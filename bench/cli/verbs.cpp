#include "bench/cli/verbs.hpp"

#include <initializer_list>

namespace inferbench {

// One line a verb, in the order of --help; each is defined in the file of its name.

void add_all_verbs(CLI::App& program, VerbContext& context) {
  for (const AddVerb add : std::initializer_list<AddVerb>{}) add(program, context);
}

}  // namespace inferbench
