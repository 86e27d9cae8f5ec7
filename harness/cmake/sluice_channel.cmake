# sluice_channel(NAME HEADER header TYPE template [LIBRARIES target...] [PROPERTIES OFF] [MODELS OFF] [BENCHMARKS OFF]
#                [CAUGHT_BY check...] [THIRD_PARTY] [FINDINGS check...])
#
# Turns one line into the programs that check and measure a channel, one translation unit each:
#
#   NAME_properties   random tests on real threads        ctest: property.NAME
#   NAME_models       interleavings under weak memory     ctest: model.NAME
#   NAME_benchmarks   throughput and latency              ctest: bench.NAME (that it runs and its sums are right)
#
# HEADER      found below the registry's folder, the library's, or those of LIBRARIES.
# TYPE        a class template of the message type: a core (see <sluice/core.hpp>).
# MODELS OFF  for a channel that is not written against <sluice/platform.hpp>.
# KIND        queue, unless it says broadcast or oneshot: of these there are models (models/KIND_scenes.hpp), lines of
#             the contract, and for a oneshot what it costs to make and use.
# CAUGHT_BY   for a channel with a known mistake: the checks that must fail on it, as property/NAME or model/NAME. It is
#             not measured, and has programs for these checks alone.
# THIRD_PARTY somebody else's channel: what it promises is checked and reported, and fails no report.
# FINDINGS    checks, as property/NAME, that are known to fail on it: they are left out of its test.

define_property(GLOBAL PROPERTY SLUICE_REGISTRY BRIEF_DOCS "JSON objects of the registered channels")

function(sluice_channel name)
  get_filename_component(root ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/../.. ABSOLUTE)
  cmake_parse_arguments(PARSE_ARGV 1 arg "THIRD_PARTY" "HEADER;TYPE;PROPERTIES;MODELS;BENCHMARKS;KIND"
                        "LIBRARIES;CAUGHT_BY;FINDINGS")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "sluice_channel(${name}): `${arg_UNPARSED_ARGUMENTS}` is not understood")
  endif()
  if(NOT name MATCHES "^[a-z][a-z0-9_]*$")
    message(FATAL_ERROR "sluice_channel(${name}): a name is of small letters, digits and underscores")
  endif()
  foreach(needed HEADER TYPE)
    if(NOT arg_${needed})
      message(FATAL_ERROR "sluice_channel(${name}): ${needed} is missing")
    endif()
  endforeach()

  set(kind queue)
  if(arg_KIND)
    set(kind ${arg_KIND})
  endif()
  if(NOT kind MATCHES "^(queue|broadcast|oneshot)$")
    message(FATAL_ERROR "sluice_channel(${name}): KIND is queue, broadcast or oneshot, not `${kind}`")
  endif()
  if(NOT kind STREQUAL "queue")
    set(arg_PROPERTIES OFF)
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

  set(folders ${CMAKE_CURRENT_LIST_DIR} ${root}/impls)
  foreach(library IN LISTS arg_LIBRARIES)
    get_target_property(more ${library} INTERFACE_INCLUDE_DIRECTORIES)
    if(more)
      list(APPEND folders ${more})
    endif()
  endforeach()
  list(TRANSFORM folders REPLACE "^\\$<BUILD_INTERFACE:(.*)>$" "\\1")
  find_file(found ${arg_HEADER} PATHS ${folders} NO_DEFAULT_PATH NO_CACHE)
  if(NOT found)
    list(JOIN folders "\n  " looked)
    message(FATAL_ERROR "sluice_channel(${name}): the header ${arg_HEADER} does not exist; looked in\n  ${looked}")
  endif()

  set(header ${arg_HEADER})
  set(type ${arg_TYPE})
  set(programs "")
  if(SLUICE_PROPERTIES AND NOT "${arg_PROPERTIES}" STREQUAL "OFF")
    set(family every_property)
    if(arg_CAUGHT_BY)
      set(family ${arg_CAUGHT_BY})
      list(FILTER family INCLUDE REGEX "^property/")
      list(TRANSFORM family REPLACE "^property/" "")
      list(JOIN family ", " family)
      set(family "family<${family}>")
    endif()
    _sluice_property_main()
    _sluice_program(properties)
    target_link_libraries(${name}_properties PRIVATE sluice_property_main)
    if(arg_THIRD_PARTY AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
      # Seen in std::optional where messages are moved out of foreign queues.
      target_compile_options(${name}_properties PRIVATE -Wno-maybe-uninitialized)
    endif()
    _sluice_unless_caught(property ${name}_properties 100)
  endif()
  if(SLUICE_MODELS AND NOT "${arg_MODELS}" STREQUAL "OFF")
    _sluice_program(models)
    target_link_libraries(${name}_models PRIVATE Relacy::Relacy)
    _sluice_model_options(${name}_models)
    if(arg_CAUGHT_BY)
      # A mistake is found early: compiling is what takes time.
      target_compile_options(${name}_models PRIVATE $<$<CONFIG:Release>:-O1>)
    endif()
    _sluice_unless_caught(model ${name}_models 10000)
  endif()
  if(SLUICE_BENCHMARKS AND NOT "${arg_BENCHMARKS}" STREQUAL "OFF")
    _sluice_program(bench)
    target_link_libraries(${name}_bench PRIVATE benchmark::benchmark)
    if(arg_THIRD_PARTY AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
      # g++ 12 takes a queue's output parameter for unset.
      target_compile_options(${name}_bench PRIVATE -Wno-maybe-uninitialized)
    endif()
    if(NOT arg_THIRD_PARTY)
      add_test(NAME bench.${name} COMMAND ${name}_bench --smoke)
      set_tests_properties(bench.${name} PROPERTIES LABELS bench TIMEOUT 300)
    endif()
  endif()

  list(PREPEND programs "\"name\": \"${name}\"")
  list(JOIN programs ", " programs)
  list(TRANSFORM arg_CAUGHT_BY REPLACE "(.+)" "\"\\1\"" OUTPUT_VARIABLE caught)
  list(JOIN caught ", " caught)
  set(third_party false)
  if(arg_THIRD_PARTY)
    set(third_party true)
  endif()
  set_property(GLOBAL APPEND PROPERTY SLUICE_REGISTRY
               "{${programs}, \"caught_by\": [${caught}], \"third_party\": ${third_party}}")
endfunction()

# Writes what was registered, for scripts that run the programs.
function(sluice_write_registry file)
  get_property(channels GLOBAL PROPERTY SLUICE_REGISTRY)
  list(JOIN channels ",\n  " channels)
  file(GENERATE OUTPUT ${file} CONTENT "[\n  ${channels}\n]\n")
endfunction()

macro(_sluice_program tool)
  set(source ${CMAKE_CURRENT_BINARY_DIR}/sluice_channels/${name}_${tool}.cpp)
  set(template ${root}/${tool}/program.cpp.in)
  if(${tool} STREQUAL "bench" AND kind STREQUAL "oneshot")
    set(template ${root}/harness/bench/oneshot_program.cpp.in)
  elseif(${tool} STREQUAL "bench")
    set(template ${root}/harness/bench/program.cpp.in)
  elseif(${tool} STREQUAL "models" AND NOT kind STREQUAL "queue")
    set(template ${root}/models/scenes_program.cpp.in)
  endif()
  configure_file(${template} ${source} @ONLY)
  add_executable(${name}_${tool} ${source})
  target_include_directories(${name}_${tool} PRIVATE ${CMAKE_CURRENT_LIST_DIR} ${root})
  target_link_libraries(${name}_${tool} PRIVATE sluice::sluice ${arg_LIBRARIES})
  if(NOT ${tool} STREQUAL "properties")
    target_link_libraries(${name}_${tool} PRIVATE nlohmann_json::nlohmann_json CLI11::CLI11)
  endif()
  _sluice_warnings(${name}_${tool})
  list(APPEND programs "\"${tool}\": \"$<TARGET_FILE:${name}_${tool}>\"")
endmacro()

# What property programs have in common, compiled once.
function(_sluice_property_main)
  if(TARGET sluice_property_main)
    return()
  endif()
  add_library(sluice_property_main STATIC ${root}/properties/program.cpp)
  target_include_directories(sluice_property_main PUBLIC ${root})
  target_link_libraries(sluice_property_main PUBLIC sluice::sluice rapidcheck
                                             PRIVATE GTest::gtest nlohmann_json::nlohmann_json CLI11::CLI11)
  # Schedules are disturbed, blocks are short, and counters start near their end, so that small programs meet all of it.
  # A block and its gap must divide the counters' range.
  target_compile_definitions(sluice_property_main PUBLIC "SLUICE_DISTURBANCE_HEADER=<harness/disturbance.hpp>"
                                                         SLUICE_BLOCK_SLOTS=3 SLUICE_LAPS_BEFORE_WRAP=3)
  # Compiling is what takes time here, not running.
  target_compile_options(sluice_property_main PUBLIC $<$<CONFIG:Release>:-O1>)
  _sluice_warnings(sluice_property_main)
endfunction()

# A sound channel passes every check; a faulty one must fail those named, and each is a test of its own.
macro(_sluice_unless_caught kind program executions)
  if(arg_CAUGHT_BY)
    foreach(check IN LISTS arg_CAUGHT_BY)
      if(check MATCHES "^${kind}/(.+)$")
        add_test(NAME caught.${name}.by.${kind}.${CMAKE_MATCH_1}
                 COMMAND ${CMAKE_COMMAND} -D PROGRAM=$<TARGET_FILE:${program}> -D CHANNEL=${name} -D KIND=${kind}
                         -D CHECK=${CMAKE_MATCH_1} -P ${root}/harness/cmake/expect_caught.cmake)
        set_tests_properties(caught.${name}.by.${kind}.${CMAKE_MATCH_1} PROPERTIES LABELS faulty TIMEOUT 120)
      endif()
    endforeach()
  else()
    set(except ${arg_FINDINGS})
    list(FILTER except INCLUDE REGEX "^${kind}/")
    list(TRANSFORM except REPLACE "^${kind}/" "--except=")
    add_test(NAME ${kind}.${name} COMMAND ${program} --executions ${executions} ${except})
    set_tests_properties(${kind}.${name} PROPERTIES LABELS ${kind} TIMEOUT 600)
    if(${kind} STREQUAL "model" AND NOT arg_KIND)
      add_test(NAME model.${name}.every COMMAND ${program} --every 2x2 --every 3x1 --bound 1 --larger 500)
      set_tests_properties(model.${name}.every PROPERTIES LABELS model TIMEOUT 600)
    endif()
  endif()
endmacro()

function(_sluice_model_options target)
  target_compile_definitions(${target} PRIVATE "SLUICE_PLATFORM_HEADER=<models/platform.hpp>" RL_DO_ASSERT=1)
  # Relacy replaces operator new and delete, but not the sized deletes, and must see its objects as they were left.
  target_compile_options(${target} PRIVATE -fno-sized-deallocation)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(${target} PRIVATE -fno-lifetime-dse -Wno-mismatched-new-delete)
  else()
    target_compile_options(${target} PRIVATE -Wno-dollar-in-identifier-extension)
  endif()
endfunction()

function(_sluice_warnings target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wconversion)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # clang takes [tx = tx.clone()] for shadowing where tx is a structured binding.
    target_compile_options(${target} PRIVATE -Wshadow)
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    # Sees overlaps in std::string's operator+ that are none (GCC bug 105651).
    target_compile_options(${target} PRIVATE -Wno-restrict)
  endif()
  if(SLUICE_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
endfunction()

# The name of a contract line's test, which sorts by its number.
function(sluice_contract_name out number name)
  string(LENGTH ${number} digits)
  math(EXPR missing "3 - ${digits}")
  string(REPEAT 0 ${missing} zeros)
  set(${out} contract.${zeros}${number}.${name} PARENT_SCOPE)
endfunction()
