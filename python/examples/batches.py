"""Half the price for what can wait. Needs ANTHROPIC_API_KEY, and no gateway."""

from runguard import retrieve_batch_results, submit_batch_job

reviews = ["Arrived broken.", "Better than the old one.", "It is blue."]
prompts = [
    {"custom_id": f"review-{index}", "user_message": f"Positive, negative or neutral? {review}"}
    for index, review in enumerate(reviews)
]

batch_id = submit_batch_job(prompts)
print(f"Submitted {batch_id}: keep the id, and results can be fetched from another process.")

for result in retrieve_batch_results(batch_id, custom_ids=[prompt["custom_id"] for prompt in prompts]):
    print(f"{result['custom_id']}: {result.get('text') or result['error']['message']}")
