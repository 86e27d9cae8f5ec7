#include <harness/scenario.hpp>

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace sluice::harness {
namespace {

TEST(scenario, text_form_goes_both_ways) {
  for (const std::string text : {"capacity 1: send try_send drop_sender | recv recv_for drop_receiver",
                                 "capacity unbounded: clone_sender send hold | try_recv clone_receiver"}) {
    EXPECT_EQ(to_string(parse_scenario(text)), text);
  }
}

std::string complaint(const std::string& text) {
  try {
    (void)parse_scenario(text);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "none";
}

TEST(scenario, bad_text_is_named) {
  EXPECT_EQ(complaint("capacity 1: send shout"), "`shout` is no operation of a scenario");
  EXPECT_EQ(complaint("capacity some: send"), "`some` is no capacity: give a number or `unbounded`");
  EXPECT_EQ(complaint("send recv"), "a scenario starts with `capacity N:` or `capacity unbounded:`, not `send recv`");
}

}  // namespace
}  // namespace sluice::harness
