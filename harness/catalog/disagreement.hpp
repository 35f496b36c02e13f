#pragma once

#include <string>

namespace inferbench {

// A place where a document and the data sheet disagree: both values and the reason.
struct Disagreement {
  std::string field;           // the catalog key it concerns
  std::string document;        // the document by its title, or a named report
  std::string document_value;  // as printed there
  std::string catalog_value;
  std::string reason;  // "with 2:4 sparsity", "both directions added", "GiB against GB"
};

}  // namespace inferbench
