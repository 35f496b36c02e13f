#pragma once

namespace inferbench {

// Binds the calling thread to the n-th of the cores this process may use, so that a timed thread
// does not move; false where that is not possible, as when there are fewer.
bool pin_to_allowed_core(unsigned n);

}  // namespace inferbench
