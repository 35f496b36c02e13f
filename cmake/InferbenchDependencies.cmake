# System packages only; nothing is downloaded. scripts/install-deps installs them.
find_package(Threads REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(CLI11 2.1 REQUIRED)
find_package(simdjson REQUIRED)
find_path(INFERBENCH_FAST_FLOAT_INCLUDE fast_float/fast_float.h REQUIRED)
find_path(INFERBENCH_VALIJSON_INCLUDE valijson/validator.hpp REQUIRED)

# Optional: collectives over MPI processes.
option(INFERBENCH_MPI "Build the MPI module where an MPI library is found" ON)
if(INFERBENCH_MPI)
  find_package(MPI QUIET COMPONENTS CXX)
  if(MPI_CXX_FOUND)
    message(STATUS "MPI: ${MPI_CXX_LIBRARIES}")
  else()
    message(STATUS "MPI: not found, no collectives over processes (apt-get install libopenmpi-dev openmpi-bin)")
  endif()
endif()

# Optional: named ranges for NVIDIA's profilers. Headers only, of any CUDA toolkit.
option(INFERBENCH_NVTX "Mark steps and kernels with NVTX ranges where its headers are found" ON)
if(INFERBENCH_NVTX)
  file(GLOB INFERBENCH_CUDA_INCLUDES /usr/local/cuda/include /usr/local/cuda-*/include)
  find_path(INFERBENCH_NVTX_INCLUDE nvtx3/nvToolsExt.h
    HINTS ENV CUDA_PATH ENV CUDA_HOME PATHS ${INFERBENCH_CUDA_INCLUDES} PATH_SUFFIXES include)
endif()

if(INFERBENCH_BUILD_TESTS)
  find_package(GTest REQUIRED)
  include(GoogleTest)
endif()
if(INFERBENCH_BUILD_MICRO)
  find_package(benchmark REQUIRED)
endif()
