# Optional: kernels for NVIDIA's GPUs, in a module beside the program. Needs nvcc, no GPU.
#
#   INFERBENCH_CUDA                 AUTO (where nvcc is found), ON (or fail) or OFF
#   INFERBENCH_CUDA_ARCHITECTURES   90a-real alone builds in a third of the time
set(INFERBENCH_CUDA AUTO CACHE STRING "Build the CUDA module: AUTO, ON or OFF")
set_property(CACHE INFERBENCH_CUDA PROPERTY STRINGS AUTO ON OFF)
set(INFERBENCH_CUDA_ARCHITECTURES "80-real;90a-real;90-virtual" CACHE STRING
  "GPU architectures of the CUDA module")
set(INFERBENCH_HAS_CUDA OFF)

if(NOT INFERBENCH_CUDA STREQUAL "OFF")
  include(CheckLanguage)
  if(NOT DEFINED CMAKE_CUDA_COMPILER AND NOT DEFINED ENV{CUDACXX})
    find_program(INFERBENCH_NVCC nvcc PATHS /usr/local/cuda/bin)
    if(INFERBENCH_NVCC)
      set(CMAKE_CUDA_COMPILER ${INFERBENCH_NVCC})
    endif()
  endif()
  set(CMAKE_CUDA_ARCHITECTURES ${INFERBENCH_CUDA_ARCHITECTURES})
  check_language(CUDA)
  if(CMAKE_CUDA_COMPILER)
    enable_language(CUDA)
    find_package(CUDAToolkit QUIET)
    # CMake 3.25 does not know how nvcc is asked for C++20.
    set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION -std=c++20)
    set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION -std=c++20)
  endif()
  if(CMAKE_CUDA_COMPILER AND TARGET CUDA::cudart_static AND TARGET CUDA::cupti
     AND CUDAToolkit_VERSION VERSION_GREATER_EQUAL 13)
    set(INFERBENCH_HAS_CUDA ON)
    message(STATUS "CUDA module: ${CUDAToolkit_VERSION} for ${INFERBENCH_CUDA_ARCHITECTURES}")
  elseif(INFERBENCH_CUDA STREQUAL "ON")
    message(FATAL_ERROR "CUDA module: needs nvcc and CUPTI of the CUDA Toolkit 13 (INFERBENCH_CUDA=OFF builds without)")
  else()
    message(STATUS "CUDA module: no CUDA Toolkit 13, not built")
  endif()
endif()

set(INFERBENCH_CUDA_OPTIONS --extended-lambda)
if(INFERBENCH_WERROR)
  # Registers that do not suffice are an error, too: what was spilled waits for memory in every turn.
  list(APPEND INFERBENCH_CUDA_OPTIONS --Werror=all-warnings
    -Xptxas=--warn-on-spills,--warning-as-error)
endif()
if(INFERBENCH_CCACHE AND NOT CMAKE_CUDA_COMPILER_LAUNCHER)
  set(CMAKE_CUDA_COMPILER_LAUNCHER ${INFERBENCH_CCACHE})
endif()
