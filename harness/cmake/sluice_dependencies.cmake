# The harness's dependencies: the system's packages where installed, pinned releases elsewhere.
include(FetchContent)
set(FETCHCONTENT_TRY_FIND_PACKAGE_MODE OPT_IN)
set(BENCHMARK_ENABLE_TESTING OFF CACHE INTERNAL "")
set(BENCHMARK_ENABLE_INSTALL OFF CACHE INTERNAL "")
set(INSTALL_GTEST OFF CACHE INTERNAL "")

FetchContent_Declare(GTest GIT_REPOSITORY https://github.com/google/googletest.git GIT_TAG v1.14.0
                     FIND_PACKAGE_ARGS)
FetchContent_Declare(rapidcheck GIT_REPOSITORY https://github.com/emil-e/rapidcheck.git
                     GIT_TAG ff6af6fc683159deb51c543b065eba14dfcf329b FIND_PACKAGE_ARGS)
FetchContent_Declare(benchmark GIT_REPOSITORY https://github.com/google/benchmark.git GIT_TAG v1.8.3
                     FIND_PACKAGE_ARGS)
FetchContent_Declare(nlohmann_json GIT_REPOSITORY https://github.com/nlohmann/json.git GIT_TAG v3.11.2
                     FIND_PACKAGE_ARGS)
FetchContent_Declare(CLI11 GIT_REPOSITORY https://github.com/CLIUtils/CLI11.git GIT_TAG v2.3.2 FIND_PACKAGE_ARGS)

if(SLUICE_HARNESS)
  FetchContent_MakeAvailable(nlohmann_json CLI11)
endif()
if(SLUICE_PROPERTIES OR SLUICE_TESTS)
  FetchContent_MakeAvailable(GTest)
endif()
if(SLUICE_PROPERTIES)
  FetchContent_MakeAvailable(rapidcheck)
endif()
if(SLUICE_BENCHMARKS)
  FetchContent_MakeAvailable(benchmark)
endif()
if(SLUICE_MODELS)
  find_package(Relacy)
  if(NOT Relacy_FOUND)
    FetchContent_Declare(relacy GIT_REPOSITORY https://github.com/dvyukov/relacy.git
                         GIT_TAG acc09bb)
    FetchContent_MakeAvailable(relacy)
    set(Relacy_ROOT ${relacy_SOURCE_DIR})
    find_package(Relacy REQUIRED)
  endif()
endif()
