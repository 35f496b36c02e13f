#pragma once

#include <vector>

#include "harness/base/embedded_file.hpp"

namespace inferbench {

// The dashboard's page without data: one file, dashboards/page.html.
const std::vector<EmbeddedFile>& embedded_page();

}  // namespace inferbench
