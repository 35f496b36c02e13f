#include "dashboards/page.hpp"

#include "harness/base/error.hpp"
#include "results/dashboard/dashboard_data.hpp"

namespace inferbench {
namespace {

constexpr std::string_view kPlace = "@inferbench-data@";

// Within strings of JSON "<" may be written as an escape, and it stands nowhere else.
std::string without_tags(const std::string& json) {
  std::string safe;
  safe.reserve(json.size());
  for (const char c : json) {
    if (c == '<') {
      safe += "\\u003c";
    } else {
      safe += c;
    }
  }
  return safe;
}

}  // namespace

std::string dashboard_page(const std::string& data) {
  const std::string_view page = embedded_page().front().text;
  const std::size_t at = page.find(kPlace);
  ensure(at != std::string_view::npos && page.find(kPlace, at + 1) == std::string_view::npos,
         "the page has one place for its data");
  std::string whole(page.substr(0, at));
  whole += without_tags(data);
  whole += page.substr(at + kPlace.size());
  return whole;
}

}  // namespace inferbench
