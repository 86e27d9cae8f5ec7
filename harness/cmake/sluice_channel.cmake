# sluice_channel(NAME HEADER header TYPE template [ROLE role] [KIND kind] [LIBRARIES target...]
#                [PROPERTIES OFF] [MODELS OFF|SHADOWED] [BENCHMARKS OFF] [CONTRACT OFF] [CAUGHT_BY check...]
#                [KNOWN_VIOLATIONS check...] [VERSION text] [LANGUAGE name])
#
# Registers a channel: makes the runners that check and measure it, one translation unit each.
#
#   NAME_properties   random tests on real threads        ctest: property.NAME
#   NAME_models       interleavings under weak memory     ctest: model.NAME
#   NAME_bench        throughput and latency              ctest: bench.NAME (that it runs and its sums are right)
#
# HEADER            a path below the registry's folder, the library's, or those of LIBRARIES.
# TYPE              a class template over the message type: a core (see <sluice/core.hpp>), or a queue of P0260 (see
#                   <sluice/conqueue.hpp>), or of its KIND.
# KIND              queue (the default), broadcast or oneshot. The latter two have custom models (models/KIND_models.hpp) and
#                   lines of the contract, and the properties that are about scenarios; a oneshot has a benchmark of its creation and use.
# ROLE              core         the default
#                   facade       what users include: if it is a queue, it is measured, and the cores it chooses from are checked
#                   baseline     what the others are compared with
#                   third_party  another project's channel: its verdicts are reported, and fail no report
#                   With CAUGHT_BY, a channel's role is faulty.
# MODELS            for a channel that is not written against <sluice/platform.hpp>, whose property runner disturbs the C
#                   library's mutexes, condition variables, semaphores and futexes in its place:
#                   OFF        no models
#                   SHADOWED   its headers, as they are, run under the model checker: std::atomic and the like mean modelled
#                              ones (models/shadow/README.md says which)
# CAUGHT_BY         for a faulty channel: the checks that must fail on it, as property/NAME or model/NAME. It is not
#                   measured.
# KNOWN_VIOLATIONS  checks, as property/NAME or model/NAME, that are known to fail on it: its tests leave them out.
#                   model/exhaustive is every search of scenarios.
# VERSION, LANGUAGE of the library that it is from, as results record them; C++ by default.
#
# sluice_missing_channel(NAME REASON text [ROLE role] [KIND kind] [LANGUAGE name])
#
# Registers one that cannot be built here.

include(${CMAKE_CURRENT_LIST_DIR}/sluice_kind_and_role.cmake)

define_property(GLOBAL PROPERTY SLUICE_REGISTRY BRIEF_DOCS "JSON objects of the registered channels")

function(sluice_channel name)
  get_filename_component(root ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/../.. ABSOLUTE)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "HEADER;TYPE;ROLE;PROPERTIES;MODELS;BENCHMARKS;CONTRACT;KIND;VERSION;LANGUAGE"
                        "LIBRARIES;CAUGHT_BY;KNOWN_VIOLATIONS")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "sluice_channel(${name}): `${arg_UNPARSED_ARGUMENTS}` is not understood")
  endif()
  if(NOT name MATCHES "^[a-z][a-z0-9_]*$")
    message(FATAL_ERROR "sluice_channel(${name}): a name is of small letters, digits and underscores")
  endif()
  get_property(names GLOBAL PROPERTY SLUICE_CHANNEL_NAMES)
  if(name IN_LIST names)
    message(FATAL_ERROR "sluice_channel(${name}): another channel is registered by this name")
  endif()
  set_property(GLOBAL APPEND PROPERTY SLUICE_CHANNEL_NAMES ${name})
  foreach(needed HEADER TYPE)
    if(NOT arg_${needed})
      message(FATAL_ERROR "sluice_channel(${name}): ${needed} is missing")
    endif()
  endforeach()

  set(foreign OFF)
  if(NOT "${arg_MODELS}" MATCHES "^(|OFF|SHADOWED)$")
    message(FATAL_ERROR "sluice_channel(${name}): MODELS is OFF or SHADOWED, not `${arg_MODELS}`")
  endif()
  if("${arg_MODELS}" MATCHES "OFF|SHADOWED")
    set(foreign ON)
  endif()
  if("${arg_MODELS}" STREQUAL "SHADOWED" AND CMAKE_CXX_FLAGS MATCHES "-fsanitize=")
    message(STATUS "sluice: sanitizers cannot follow modelled threads: ${name} has no models")
    set(arg_MODELS OFF)
  endif()
  _sluice_kind_and_role()
  if(NOT kind MATCHES "^(queue|broadcast|oneshot)$")
    message(FATAL_ERROR "sluice_channel(${name}): KIND is queue, broadcast or oneshot, not `${kind}`")
  endif()
  if(NOT role MATCHES "^(core|facade|baseline|third_party|faulty)$")
    message(FATAL_ERROR "sluice_channel(${name}): ROLE is core, facade, baseline or third_party, not `${role}`")
  endif()
  if(role STREQUAL "facade" AND kind STREQUAL "queue")
    set(arg_PROPERTIES OFF)
    set(arg_MODELS OFF)
  endif()
  if(kind STREQUAL "broadcast")
    set(arg_BENCHMARKS OFF)
  endif()
  if(arg_CAUGHT_BY)
    set(arg_BENCHMARKS OFF)
    if(NOT arg_CAUGHT_BY MATCHES "property/")
      set(arg_PROPERTIES OFF)
    endif()
    if(NOT arg_CAUGHT_BY MATCHES "model/")
      set(arg_MODELS OFF)
    endif()
  endif()

  set(folders ${CMAKE_CURRENT_LIST_DIR})
  foreach(library IN ITEMS sluice::sluice LISTS arg_LIBRARIES)
    get_target_property(more ${library} INTERFACE_INCLUDE_DIRECTORIES)
    if(more)
      list(APPEND folders ${more})
    endif()
  endforeach()
  list(TRANSFORM folders REPLACE "^\\$<BUILD_INTERFACE:(.*)>$" "\\1")
  find_file(found ${arg_HEADER} PATHS ${folders} NO_DEFAULT_PATH NO_CACHE)
  if(NOT found)
    list(JOIN folders ", " looked)
    message(FATAL_ERROR "sluice_channel(${name}): the header ${arg_HEADER} does not exist; looked in ${looked}")
  endif()

  set(header ${arg_HEADER})
  set(type ${arg_TYPE})
  set(runners "")
  if(SLUICE_CONTRACT AND NOT "${arg_CONTRACT}" STREQUAL "OFF" AND kind STREQUAL "queue" AND role MATCHES "^(core|facade|baseline|third_party)$")
    _sluice_contract_channel()
  endif()
  if(SLUICE_PROPERTIES AND NOT "${arg_PROPERTIES}" STREQUAL "OFF")
    set(subject sluice::properties::subject)
    if(kind STREQUAL "broadcast")
      set(subject sluice::harness::broadcast_subject)
    endif()
    _sluice_property_runner()
    _sluice_runner(properties)
    target_link_libraries(${name}_properties PRIVATE sluice_property_runner)
    if(foreign)
      _sluice_disturb_calls(${name}_properties)
    endif()
    # A backtrace names the channel's own lines.
    target_compile_options(${name}_properties PRIVATE -g1)
    _sluice_third_party_warnings(${name}_properties)
    _sluice_add_tests(property ${name}_properties 100)
  endif()
  if(SLUICE_MODELS AND NOT "${arg_MODELS}" STREQUAL "OFF")
    _sluice_runner(models)
    _sluice_model_runner()
    target_link_libraries(${name}_models PRIVATE sluice_model_runner)
    if("${arg_MODELS}" STREQUAL "SHADOWED")
      _sluice_shadow_runner()
      target_link_libraries(${name}_models PRIVATE sluice_shadow_runner)
      # Operators of atomics are told apart by the lines to which they return.
      target_compile_options(${name}_models PRIVATE -g1 -fno-optimize-sibling-calls)
      _sluice_third_party_warnings(${name}_models)
    endif()
    if(arg_CAUGHT_BY)
      # A faulty channel fails early, so compilation dominates.
      target_compile_options(${name}_models PRIVATE $<$<CONFIG:Release>:-O1>)
    endif()
    _sluice_add_tests(model ${name}_models 10000)
  endif()
  if(SLUICE_BENCHMARKS AND NOT "${arg_BENCHMARKS}" STREQUAL "OFF")
    _sluice_runner(bench)
    _sluice_benchmark_runner()
    target_link_libraries(${name}_bench PRIVATE sluice_benchmark_runner)
    _sluice_cache_across_worktrees(${name}_bench)
    if(SLUICE_SLOWED)
      # Its sends can be made slower, to measure which slowdowns a gate finds.
      target_compile_definitions(${name}_bench PRIVATE SLUICE_SLOWED=1)
    endif()
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
      # A unit with all workloads exceeds GCC's budget for inlining; what it leaves out of line by chance costs up to half
      # of a message's time. In a program that uses a channel here and there, all is inlined.
      target_compile_options(${name}_bench PRIVATE --param=inline-unit-growth=1000 --param=large-unit-insns=1000000)
    endif()
    _sluice_third_party_warnings(${name}_bench)
    if(NOT role STREQUAL "third_party")
      add_test(NAME bench.${name} COMMAND ${name}_bench --smoke)
      set_tests_properties(bench.${name} PROPERTIES LABELS bench TIMEOUT 300)
    endif()
  endif()

  _sluice_plain_text(arg_VERSION)
  list(PREPEND runners "\"name\": \"${name}\"" "\"role\": \"${role}\"" "\"kind\": \"${kind}\"" "\"version\": \"${arg_VERSION}\""
       "\"language\": \"${arg_LANGUAGE}\"")
  list(JOIN runners ", " runners)
  list(TRANSFORM arg_CAUGHT_BY REPLACE "(.+)" "\"\\1\"" OUTPUT_VARIABLE caught)
  list(JOIN caught ", " caught)
  list(TRANSFORM arg_KNOWN_VIOLATIONS REPLACE "(.+)" "\"\\1\"" OUTPUT_VARIABLE known)
  list(JOIN known ", " known)
  set_property(GLOBAL APPEND PROPERTY SLUICE_REGISTRY
               "{${runners}, \"caught_by\": [${caught}], \"known_violations\": [${known}]}")
endfunction()

# What can be an element of a list, and a string of JSON.
function(_sluice_plain_text variable)
  string(REGEX REPLACE "[^ -~]|\\[|\\]|[;\"\\\\]" "'" plain "${${variable}}")
  set(${variable} "${plain}" PARENT_SCOPE)
endfunction()

function(sluice_missing_channel name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "REASON;ROLE;KIND;LANGUAGE" "")
  _sluice_kind_and_role()
  _sluice_plain_text(arg_REASON)
  set_property(GLOBAL APPEND PROPERTY SLUICE_REGISTRY
               "{\"name\": \"${name}\", \"role\": \"${role}\", \"kind\": \"${kind}\", \"language\": \"${arg_LANGUAGE}\", \"missing\": \"${arg_REASON}\"}")
endfunction()

# Writes the registered channels as JSON, for the command line.
function(sluice_write_registry file)
  get_property(channels GLOBAL PROPERTY SLUICE_REGISTRY)
  list(JOIN channels ",\n  " channels)
  file(GENERATE OUTPUT ${file} CONTENT "[\n  ${channels}\n]\n")
endfunction()

# The channel as the contract's runner links it.
macro(_sluice_contract_channel)
  set(source ${CMAKE_CURRENT_BINARY_DIR}/sluice_channels/${name}_contract.cpp)
  configure_file(${root}/properties/contract/channel.cpp.in ${source} @ONLY)
  add_library(${name}_contract OBJECT EXCLUDE_FROM_ALL ${source})
  target_include_directories(${name}_contract PRIVATE ${CMAKE_CURRENT_LIST_DIR} ${root} ${root}/impls)
  target_link_libraries(${name}_contract PRIVATE sluice::sluice ${arg_LIBRARIES})
  target_compile_options(${name}_contract PRIVATE $<$<CONFIG:Release>:-O1>)
  _sluice_warnings(${name}_contract)
  _sluice_third_party_warnings(${name}_contract)
  set(runner contract)
  if(role STREQUAL "third_party")
    set(runner third_party_contract)
  endif()
  if(arg_LANGUAGE)
    # The threads of a language's runtime would be counted for channels without any.
    string(TOLOWER ${runner}_in_${arg_LANGUAGE} runner)
  endif()
  set_property(GLOBAL APPEND PROPERTY SLUICE_CONTRACT_RUNNERS ${runner})
  set_property(GLOBAL APPEND PROPERTY SLUICE_CHANNELS_OF_${runner} ${name})
  list(APPEND runners "\"contract\": \"$<TARGET_FILE:${runner}>\"")
endmacro()

macro(_sluice_runner tool)
  set(source ${CMAKE_CURRENT_BINARY_DIR}/sluice_channels/${name}_${tool}.cpp)
  set(template ${root}/${tool}/runner.cpp.in)
  if(${tool} STREQUAL "bench" AND kind STREQUAL "oneshot")
    set(template ${root}/harness/bench/oneshot_runner.cpp.in)
  elseif(${tool} STREQUAL "bench")
    set(template ${root}/harness/bench/runner.cpp.in)
  elseif(${tool} STREQUAL "models" AND "${arg_MODELS}" STREQUAL "SHADOWED")
    set(template ${root}/models/shadow/runner.cpp.in)
  elseif(${tool} STREQUAL "models" AND NOT kind STREQUAL "queue")
    set(template ${root}/models/custom_runner.cpp.in)
  endif()
  configure_file(${template} ${source} @ONLY)
  add_executable(${name}_${tool} ${source})
  # Of an installed harness, impls has adapters alone.
  target_include_directories(${name}_${tool} PRIVATE ${CMAKE_CURRENT_LIST_DIR} ${root} ${root}/impls)
  target_link_libraries(${name}_${tool} PRIVATE sluice::sluice ${arg_LIBRARIES})
  _sluice_warnings(${name}_${tool})
  if(SLUICE_COVERAGE)
    target_compile_options(${name}_${tool} PRIVATE -O1 --coverage -fprofile-update=atomic)
    target_link_options(${name}_${tool} PRIVATE --coverage)
  endif()
  list(APPEND runners "\"${tool}\": \"$<TARGET_FILE:${name}_${tool}>\"")
endmacro()

# What the runners of one tool have in common, compiled once: a library of these sources below the root, which uses the
# libraries that follow.
function(_sluice_runner_library target sources)
  list(TRANSFORM sources PREPEND ${root}/)
  add_library(${target} STATIC ${sources})
  target_include_directories(${target} PUBLIC ${root})
  target_link_libraries(${target} PUBLIC sluice::sluice PRIVATE nlohmann_json::nlohmann_json CLI11::CLI11 ${ARGN})
  _sluice_warnings(${target})
endfunction()

function(_sluice_property_runner)
  if(TARGET sluice_property_runner)
    return()
  endif()
  _sluice_runner_library(sluice_property_runner "properties/property_list.cpp;properties/property_runner.cpp" rapidcheck
                         GTest::gtest)
  # Threads are disturbed, blocks are short and counters start near their wrap-around, so that small scenarios cover all
  # of it. A block and its gap must divide the counters' range.
  target_compile_definitions(sluice_property_runner PUBLIC "SLUICE_DISTURBANCE_HEADER=<harness/disturbance.hpp>"
                                                         SLUICE_BLOCK_SLOTS=3 SLUICE_LAPS_BEFORE_WRAP=3 SLUICE_MOST_BYPASSES=2)
  # Compilation dominates here, not execution.
  target_compile_options(sluice_property_runner PUBLIC $<$<CONFIG:Release>:-O1>)
endfunction()

# Of a channel that is not written against <sluice/platform.hpp>, the C library's calls are disturbed.
function(_sluice_disturb_calls target)
  if(NOT CMAKE_SYSTEM_NAME STREQUAL "Linux" OR CMAKE_CXX_FLAGS MATCHES "-fsanitize=")
    message(STATUS "sluice: ${target} does not disturb schedules: it cannot under sanitizers, or off Linux")
    return()
  endif()
  if(NOT TARGET sluice_disturbed_calls)
    add_library(sluice_disturbed_calls OBJECT ${root}/harness/disturbed_calls.cpp)
    target_link_libraries(sluice_disturbed_calls PRIVATE sluice_property_runner)
    target_link_libraries(sluice_disturbed_calls INTERFACE ${CMAKE_DL_LIBS})
    _sluice_warnings(sluice_disturbed_calls)
  endif()
  target_link_libraries(${target} PRIVATE sluice_disturbed_calls)
endfunction()

function(_sluice_model_runner)
  if(TARGET sluice_model_runner)
    return()
  endif()
  _sluice_runner_library(sluice_model_runner models/model_runner.cpp)
  target_link_libraries(sluice_model_runner PUBLIC Relacy::Relacy)
  # After the warnings, some of which it turns off again.
  _sluice_model_options(sluice_model_runner PUBLIC)
endfunction()

# What shadowed channels need beside the model runner.
function(_sluice_shadow_runner)
  if(TARGET sluice_shadow_runner)
    return()
  endif()
  _sluice_runner_library(sluice_shadow_runner "models/shadow/call_site.cpp;models/shadow/crashes.cpp;models/shadow/fixed_addresses.cpp;models/shadow/heap.cpp;models/shadow/heap_in_model.cpp;models/shadow/static_guards.cpp;models/shadow/system_clocks.cpp;models/shadow/thread_storage.cpp")
  target_link_libraries(sluice_shadow_runner PUBLIC Threads::Threads PRIVATE sluice_model_runner)
  # Only the standard library, which comes later, calls it.
  target_link_options(sluice_shadow_runner PUBLIC LINKER:--undefined=clock_gettime)
  # GCC has it in a folder of its own, which clang searches, too.
  include(CheckCXXSourceCompiles)
  set(CMAKE_REQUIRED_LIBRARIES backtrace)
  check_cxx_source_compiles("extern \"C\" void* backtrace_create_state(const char*, int, void*, void*);
                             int main() { return backtrace_create_state(nullptr, 0, nullptr, nullptr) == nullptr; }"
                            SLUICE_HAS_BACKTRACE)
  if(SLUICE_HAS_BACKTRACE)
    target_compile_definitions(sluice_shadow_runner PRIVATE SLUICE_HAS_BACKTRACE)
    target_link_libraries(sluice_shadow_runner PUBLIC backtrace)
  endif()
endfunction()

function(_sluice_benchmark_runner)
  if(NOT TARGET sluice_benchmark_runner)
    _sluice_runner_library(sluice_benchmark_runner harness/bench/benchmark_runner.cpp benchmark::benchmark)
    _sluice_cache_across_worktrees(sluice_benchmark_runner)
    if(SLUICE_SLOWED)
      target_compile_definitions(sluice_benchmark_runner PRIVATE SLUICE_SLOWED=1)
    endif()
  endif()
endfunction()

# Lets ccache find what another worktree of the project has compiled, as for a gate. Only of benchmarks: what the other
# runners report names the files of their own tree.
function(_sluice_cache_across_worktrees target)
  if(CMAKE_CXX_COMPILER_LAUNCHER MATCHES "ccache$")
    set_target_properties(${target} PROPERTIES CXX_COMPILER_LAUNCHER
                                               "${CMAKE_COMMAND};-E;env;CCACHE_BASEDIR=${CMAKE_SOURCE_DIR};CCACHE_NOHASHDIR=1;${CMAKE_CXX_COMPILER_LAUNCHER}")
  endif()
endfunction()

# Tests: a sound channel passes every check; a faulty one fails each check in CAUGHT_BY.
macro(_sluice_add_tests kind runner executions)
  if(arg_CAUGHT_BY)
    foreach(check IN LISTS arg_CAUGHT_BY)
      if(check MATCHES "^${kind}/(.+)$")
        add_test(NAME caught.${name}.by.${kind}.${CMAKE_MATCH_1}
                 COMMAND ${CMAKE_COMMAND} -D RUNNER=$<TARGET_FILE:${runner}> -D CHANNEL=${name} -D KIND=${kind}
                         -D CHECK=${CMAKE_MATCH_1} -P ${root}/harness/cmake/expect_caught.cmake)
        set_tests_properties(caught.${name}.by.${kind}.${CMAKE_MATCH_1} PROPERTIES LABELS faulty TIMEOUT 120)
      endif()
    endforeach()
  else()
    set(except ${arg_KNOWN_VIOLATIONS})
    list(FILTER except INCLUDE REGEX "^${kind}/")
    list(REMOVE_ITEM except model/exhaustive)
    list(TRANSFORM except REPLACE "^${kind}/" "--except=")
    add_test(NAME ${kind}.${name} COMMAND ${runner} --executions ${executions} ${except})
    set_tests_properties(${kind}.${name} PROPERTIES LABELS ${kind} TIMEOUT 600)
    if(${kind}.${name} IN_LIST SLUICE_SMOKE_TESTS)
      set_property(TEST ${kind}.${name} APPEND PROPERTY LABELS smoke)
      set_property(GLOBAL APPEND PROPERTY SLUICE_SMOKE_RUNNERS ${runner})
    endif()
    if(${kind} STREQUAL "model" AND NOT arg_KIND AND NOT "model/exhaustive" IN_LIST arg_KNOWN_VIOLATIONS)
      add_test(NAME model.${name}.exhaustive
               COMMAND ${runner} --exhaustive 2x2 --exhaustive 3x1 --bound 1 --random-scenarios 500)
      set_tests_properties(model.${name}.exhaustive PROPERTIES LABELS model TIMEOUT 600)
    endif()
  endif()
endmacro()

function(_sluice_model_options target scope)
  target_compile_definitions(${target} ${scope} "SLUICE_PLATFORM_HEADER=<models/platform.hpp>" RL_DO_ASSERT=1)
  # Relacy replaces operator new and delete, but not the sized deletes, and reads its objects after their destruction.
  target_compile_options(${target} ${scope} -fno-sized-deallocation)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # False positive where a channel's capacity is no constant: Relacy's operator new[] hides the check of its size.
    target_compile_options(${target} ${scope} -fno-lifetime-dse -Wno-mismatched-new-delete -Wno-alloc-size-larger-than)
  else()
    target_compile_options(${target} ${scope} -Wno-dollar-in-identifier-extension)
  endif()
endfunction()

macro(_sluice_third_party_warnings target)
  if(role STREQUAL "third_party" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # False positive where messages are moved out of third-party queues.
    target_compile_options(${target} PRIVATE -Wno-maybe-uninitialized)
  endif()
endmacro()

function(_sluice_warnings target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wconversion)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # clang reports [tx = tx.clone()] as shadowing if tx is a structured binding.
    target_compile_options(${target} PRIVATE -Wshadow)
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    # False positive in std::string's operator+ (GCC bug 105651).
    target_compile_options(${target} PRIVATE -Wno-restrict)
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_FLAGS MATCHES "-fsanitize=")
    # False positives where optimization is limited, as of std::optional.
    target_compile_options(${target} PRIVATE -Wno-maybe-uninitialized)
  endif()
  if(SLUICE_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
endfunction()
