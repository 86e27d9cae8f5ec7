# Channels of Rust and Go, where their compilers and crates are installed.
function(_sluice_language_channel name language library version)
  if(${library}_MISSING)
    sluice_missing_channel(${name} ROLE third_party LANGUAGE ${language} REASON "${${library}_MISSING}" ${ARGN})
  else()
    string(TOLOWER ${language} header)
    sluice_channel(${name} HEADER ${header}.hpp TYPE sluice::languages::${name} ROLE third_party MODELS OFF BENCHMARKS OFF
                   LIBRARIES ${library} LANGUAGE ${language} VERSION "${version}" ${ARGN})
  endif()
endfunction()

sluice_rust_library(sluice_rust_channels ${CMAKE_CURRENT_LIST_DIR}/rust/channels)
function(_sluice_rust_channel name crate)
  set(version ${sluice_rust_channels_VERSION})
  if(NOT crate STREQUAL "std")
    string(PREPEND version "${crate} ${sluice_rust_channels_VERSION_OF_${crate}}, ")
  endif()
  _sluice_language_channel(${name} Rust sluice_rust_channels "${version}" ${ARGN})
endfunction()
_sluice_rust_channel(rust_std std)
_sluice_rust_channel(rust_std_sync std)
# A send that races the last receiver leaks a block.
_sluice_rust_channel(crossbeam crossbeam-channel KNOWN_VIOLATIONS property/leaves_nothing)
_sluice_rust_channel(flume flume)
_sluice_rust_channel(tokio tokio)
_sluice_rust_channel(tokio_oneshot tokio KIND oneshot)
# Until tokio 1.44.2, receivers copy a message concurrently.
_sluice_rust_channel(tokio_broadcast tokio KIND broadcast KNOWN_VIOLATIONS property/one_copy_at_a_time)

sluice_go_library(sluice_go_channels ${CMAKE_CURRENT_LIST_DIR}/go/channels)
_sluice_language_channel(go Go sluice_go_channels "${sluice_go_channels_VERSION}")
