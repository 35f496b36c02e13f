#include "harness/timing/nvtx.hpp"

#ifdef INFERBENCH_HAS_NVTX
#include <nvtx3/nvToolsExt.h>
#endif

namespace inferbench {

#ifdef INFERBENCH_HAS_NVTX

namespace {

nvtxDomainHandle_t nvtx_domain() {
  static const nvtxDomainHandle_t domain = nvtxDomainCreateA("inferbench");
  return domain;
}

}  // namespace

bool nvtx_built_in() {
  return true;
}

// Without a listener the domain is null, and its functions return at once.
NvtxRange::NvtxRange(const char* name) {
  nvtxEventAttributes_t event = {};
  event.version = NVTX_VERSION;
  event.size = NVTX_EVENT_ATTRIB_STRUCT_SIZE;
  event.messageType = NVTX_MESSAGE_TYPE_ASCII;
  event.message.ascii = name;
  nvtxDomainRangePushEx(nvtx_domain(), &event);
}

NvtxRange::~NvtxRange() {
  nvtxDomainRangePop(nvtx_domain());
}

#else

bool nvtx_built_in() {
  return false;
}

NvtxRange::NvtxRange(const char* /*name*/) {}
NvtxRange::~NvtxRange() = default;

#endif

}  // namespace inferbench
